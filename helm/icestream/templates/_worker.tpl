{{/* A worker's values: its own over `workerDefaults`. Takes (dict "root" $ "worker" $worker); gives JSON. */}}
{{- define "icestream.worker" -}}
{{- mergeOverwrite (deepCopy .root.Values.workerDefaults) .worker | toJson -}}
{{- end -}}

{{/* Memory of a worker's pod: its children at their limit, and the parent. */}}
{{- define "icestream.workerResources" -}}
{{- $computed := printf "%dMi" (add (mul (int .concurrency) (int .memoryLimitMi)) 512) -}}
{{- $limits := mergeOverwrite (dict "memory" $computed) (.resources.limits | default dict) -}}
{{- toYaml (dict "requests" .resources.requests "limits" $limits) -}}
{{- end -}}
