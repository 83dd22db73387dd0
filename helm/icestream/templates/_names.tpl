{{/* Names and labels. */}}

{{- define "icestream.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 30 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 30 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 30 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What selects the pods of a component; immutable in a Deployment, so nothing that changes is in it.
     Takes (dict "root" $ "component" "gatherer"), and "product" of a worker. */}}
{{- define "icestream.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- with .product }}
icestream/product: {{ . }}
{{- end }}
{{- end -}}

{{- define "icestream.labels" -}}
{{ include "icestream.selector" . }}
{{- with .family }}
icestream/family: {{ . }}
{{- end }}
app.kubernetes.io/part-of: icestream
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{/* The image of a service, and of a worker's family. */}}
{{- define "icestream.image" -}}
{{- $image := .root.Values.image -}}
{{- printf "%s/icestream-%s%s:%s" $image.registry .service (empty .family | ternary "" (printf "-%s" .family)) ($image.tag | default .root.Chart.AppVersion) -}}
{{- end -}}

{{- define "icestream.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "icestream.fullname" .) "default") -}}
{{- end -}}

{{/* A word as part of a URL: `urlquery` is for queries, where a blank may be a plus. */}}
{{- define "icestream.inUrl" -}}
{{- urlquery . | replace "+" "%20" -}}
{{- end -}}

{{/* Secrets: one that exists, else the chart's own. */}}
{{- define "icestream.rabbitmqSecret" -}}
{{- .Values.rabbitmq.existingSecret | default (printf "%s-rabbitmq" (include "icestream.fullname" .)) -}}
{{- end -}}

{{- define "icestream.databaseSecret" -}}
{{- .Values.database.existingSecret | default (printf "%s-database" (include "icestream.fullname" .)) -}}
{{- end -}}

{{/* Of the objects that jobs need before anything else exists: hooks themselves, so named apart. */}}
{{- define "icestream.beforeAll" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: "-20"
helm.sh/hook-delete-policy: before-hook-creation
{{- end -}}
