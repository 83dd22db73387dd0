{{/* What all pods have in common. */}}

{{/* ICESTREAM_* of every pod, as a map: `settings` and what the chart decides. */}}
{{- define "icestream.settings" -}}
{{- $made := dict "out" .Values.storage.out "metrics_port" 9000 "log_format" "json" "cache_dir" "/cache" -}}
{{- if not (hasPrefix "/" .Values.storage.out) -}}{{- $_ := set $made "staging" "/data/staging" -}}{{- end -}}
{{- if .Values.rabbitmq.tls.enabled -}}
{{- with .Values.rabbitmq.tls.caSecret -}}{{- $_ := set $made "tls_ca" "/etc/icestream/tls/ca.crt" -}}{{- end -}}
{{- end -}}
{{- range $name, $value := mergeOverwrite $made .Values.settings }}
ICESTREAM_{{ upper $name }}: {{ kindIs "slice" $value | ternary (join "," $value) (or (kindIs "float64" $value) (kindIs "map" $value) | ternary (toJson $value) (toString $value)) | quote }}
{{- end }}
{{- end -}}

{{/* The broker's URL for one of its users. Takes (dict "root" $ "user" "watcher"). */}}
{{- define "icestream.amqpEnv" -}}
{{- $rabbitmq := .root.Values.rabbitmq -}}
{{- if $rabbitmq.operator.enabled }}
{{- $secret := printf "%s-%s-user-credentials" (include "icestream.fullname" .root) .user }}
- name: RABBITMQ_USER
  valueFrom: {secretKeyRef: {name: {{ $secret | quote }}, key: username}}
- name: RABBITMQ_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ $secret | quote }}, key: password}}
- name: ICESTREAM_AMQP_URL
  value: {{ printf "%s://$(RABBITMQ_USER):$(RABBITMQ_PASSWORD)@%s" (include "icestream.amqpScheme" .root) (include "icestream.amqpPlace" .root) | quote }}
{{- else }}
- name: ICESTREAM_AMQP_URL
  valueFrom: {secretKeyRef: {name: {{ printf "%s%s" (include "icestream.rabbitmqSecret" .root) (.suffix | default "") | quote }}, key: {{ .user }}}}
{{- end }}
{{- end -}}

{{- define "icestream.amqpScheme" -}}
{{- .Values.rabbitmq.tls.enabled | ternary "amqps" "amqp" -}}
{{- end -}}

{{- define "icestream.amqpPlace" -}}
{{- printf "%s:%d/%s" .Values.rabbitmq.host (int .Values.rabbitmq.port) (include "icestream.inUrl" .Values.rabbitmq.vhost) -}}
{{- end -}}

{{- define "icestream.ledgerEnv" -}}
- name: ICESTREAM_LEDGER_URL
  valueFrom: {secretKeyRef: {name: {{ printf "%s%s" (include "icestream.databaseSecret" .root) (.suffix | default "") | quote }}, key: ledger}}
{{- end -}}

{{/* Keys of the bucket, for who reads or writes products and granules; none where a role gives the access. */}}
{{- define "icestream.storageEnv" -}}
{{- with .Values.storage.s3.existingSecret }}
- name: ICESTREAM_S3_ACCESS_KEY
  valueFrom: {secretKeyRef: {name: {{ . | quote }}, key: access-key}}
- name: ICESTREAM_S3_SECRET_KEY
  valueFrom: {secretKeyRef: {name: {{ . | quote }}, key: secret-key}}
{{- end }}
{{- end -}}

{{- define "icestream.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "icestream.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* Liveness asks whether messages are heard; a service may take its time at the start, when it waits for the rest. */}}
{{- define "icestream.probes" -}}
startupProbe:
  httpGet: {path: /livez, port: metrics}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /livez, port: metrics}
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  httpGet: {path: /readyz, port: metrics}
  periodSeconds: 10
  timeoutSeconds: 10
  failureThreshold: 3
{{- end -}}

{{/* The volumes of a pod. Takes (dict "root" $ "output" "write" "incoming" true "cache" "20Gi"). */}}
{{- define "icestream.volumes" -}}
{{- $storage := .root.Values.storage -}}
- name: tmp
  emptyDir: {sizeLimit: {{ $storage.tmpSize }}}
{{- with .cache }}
- name: cache
  emptyDir: {sizeLimit: {{ . }}}
{{- end }}
{{- if .output }}
- name: output
{{- if hasPrefix "/" $storage.out }}
  persistentVolumeClaim: {claimName: {{ $storage.output.existingClaim | default (printf "%s-output" (include "icestream.fullname" .root)) | quote }}}
{{- else }}
  emptyDir: {sizeLimit: {{ $storage.stagingSize }}}
{{- end }}
{{- end }}
{{- if and .incoming $storage.incoming.enabled }}
- name: incoming
  persistentVolumeClaim: {claimName: {{ $storage.incoming.existingClaim | default (printf "%s-incoming" (include "icestream.fullname" .root)) | quote }}}
{{- end }}
{{- if and .root.Values.rabbitmq.tls.enabled .root.Values.rabbitmq.tls.caSecret }}
- name: tls
  secret: {secretName: {{ .root.Values.rabbitmq.tls.caSecret | quote }}}
{{- end }}
{{- end -}}

{{- define "icestream.mounts" -}}
{{- $storage := .root.Values.storage -}}
- {name: tmp, mountPath: /tmp}
{{- if .cache }}
- {name: cache, mountPath: /cache}
{{- end }}
{{- if .output }}
- {name: output, mountPath: {{ hasPrefix "/" $storage.out | ternary $storage.out "/data" | quote }}{{ if eq .output "read" }}, readOnly: true{{ end }}}
{{- end }}
{{- if and .incoming $storage.incoming.enabled }}
- {name: incoming, mountPath: {{ $storage.incoming.path | quote }}, readOnly: true}
{{- end }}
{{- if and .root.Values.rabbitmq.tls.enabled .root.Values.rabbitmq.tls.caSecret }}
- {name: tls, mountPath: /etc/icestream/tls, readOnly: true}
{{- end }}
{{- end -}}

{{/* Where pods go. Takes the values of the component. */}}
{{- define "icestream.placement" -}}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- end -}}

{{/* The beginning of every pod's spec. */}}
{{- define "icestream.podHead" -}}
serviceAccountName: {{ include "icestream.serviceAccountName" . | quote }}
automountServiceAccountToken: false
# Kubernetes would name ICESTREAM_* variables after the services of the namespace.
enableServiceLinks: false
securityContext: {{- include "icestream.podSecurity" . | nindent 2 }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{/* New settings or secrets of the chart's own roll the pods. */}}
{{- define "icestream.checksums" -}}
icestream/settings-checksum: {{ include "icestream.settings" . | sha256sum }}
icestream/secrets-checksum: {{ toJson (list .Values.rabbitmq .Values.database) | sha256sum }}
{{- end -}}
