"""The kinds of panels that the dashboards are made of, in one look: what is shown, in which unit, how wide."""

from __future__ import annotations

from typing import Final, NamedTuple

from grafana_foundation_sdk.builders import common, dashboard, heatmap, prometheus, stat, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    GraphTresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    VariableRefresh,
    VariableSort,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")
HEIGHT: Final = 8
LOW: Final = 4
GREEN, YELLOW, RED = "green", "yellow", "red"


class Line(NamedTuple):
    """One expression and what its series are called; {{label}} stands for a label's value."""

    expression: str
    legend: str


def board(title: str, uid: str, about: str) -> Dashboard:
    """Return a dashboard without panels, of the Prometheus that its reader chooses."""
    return (
        Dashboard(title)
        .uid(uid)
        .description(about)
        .tags(["icestream"])
        .refresh("30s")
        .time("now-6h", "now")
        .timezone("utc")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .readonly()
        .with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
        .link(dashboard.DashboardLink("icestream").type("dashboards").tags(["icestream"]).include_vars(True))
    )


def choice(name: str, label: str, metric: str) -> dashboard.QueryVariable:
    """Return a variable that offers the values of a label; several may be chosen, or all."""
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query(f"label_values({metric}, {name})")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
    )


def row(title: str) -> dashboard.Row:
    return dashboard.Row(title)


def number(
    title: str, expression: str, about: str, *, unit: str = "short", steps: tuple[tuple[float, str], ...] = ()
) -> stat.Panel:
    """Return one large number, a sixth of the width.

    steps : from which value on which colour; green below the first
    """
    return (
        stat.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .unit(unit)
        .span(4)
        .height(LOW)
        .graph_mode(BigValueGraphMode.AREA)
        .color_mode(BigValueColorMode.VALUE if steps else BigValueColorMode.NONE)
        .thresholds(_thresholds(steps))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .no_value("none")
        .with_target(_target("A", Line(expression, title)))
    )


def lines(
    title: str,
    about: str,
    *shown: Line,
    unit: str = "short",
    width: int = 8,
    stacked: bool = False,
    limit: float | None = None,
    highest: float | None = None,
    least: float | None = 0,
) -> timeseries.Panel:
    """Return lines over time.

    stacked : as areas on top of each other: parts of a whole
    limit : where a line is drawn that should not be crossed
    highest, least : ends of the axis
    """
    panel = (
        timeseries.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .unit(unit)
        .span(width)
        .height(HEIGHT)
        .line_width(1)
        .fill_opacity(40 if stacked else 5)
        .stacking(common.StackingConfig().mode(StackingMode.NORMAL if stacked else StackingMode.NONE))
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.TABLE)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["lastNotNull", "max"])
        )
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
    )
    if least is not None:
        panel.min(least)
    if highest is not None:
        panel.max(highest)
    if limit is not None:
        panel.thresholds(_thresholds(((limit, RED),)))
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(GraphTresholdsStyleMode.LINE))
    for letter, line in zip("ABCDEFGH", shown, strict=False):
        panel.with_target(_target(letter, line))
    return panel


def heat(title: str, about: str, expression: str, *, width: int = 12) -> heatmap.Panel:
    """Return the buckets of a histogram over time: the darker, the more."""
    return (
        heatmap.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .span(width)
        .height(HEIGHT)
        .calculate(False)
        .color(heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Blues").steps(32))
        .y_axis(heatmap.YAxisConfig().unit("s"))
        .filter_values(heatmap.FilterValueRange().le(1e-9))
        .with_target(_target("A", Line(expression, "{{le}}")).format(PromQueryFormat.HEATMAP))
    )


def _target(letter: str, line: Line) -> prometheus.Dataquery:
    return prometheus.Dataquery().ref_id(letter).expr(line.expression).legend_format(line.legend).datasource(SOURCE)


def _thresholds(steps: tuple[tuple[float, str], ...]) -> dashboard.ThresholdsConfig:
    first = Threshold(value=None, color=GREEN)
    others = [Threshold(value=value, color=colour) for value, colour in steps]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([first, *others])


__all__ = ["RED", "YELLOW", "Line", "board", "choice", "heat", "lines", "number", "row"]
