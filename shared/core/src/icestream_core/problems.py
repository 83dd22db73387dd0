"""What a model found wrong with data, in a line."""

from __future__ import annotations

from pydantic import ValidationError


def first_problems(error: ValidationError) -> str:
    """Return where the first five problems are, what they are and what was found."""
    problems = error.errors(include_url=False, include_input=True)
    told = [
        f"{'.'.join(map(str, p['loc'])) or 'it all'}: {p['msg']} (found {str(p['input'])[:60]!r})" for p in problems[:5]
    ]
    more = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
    return "; ".join(told) + more
