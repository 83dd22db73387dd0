{{/* A job that runs once and stops. Takes (dict "root" $ "name" .. "service" .. "family" .. "command" (list ..) "env" text "hook" .. "weight" .. "suffix" ..). */}}
{{- define "icestream.job" -}}
{{- $root := .root -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "icestream.fullname" $root }}-{{ .name }}
  labels: {{- include "icestream.labels" (dict "root" $root "component" "job") | nindent 4 }}
  annotations:
    helm.sh/hook: {{ .hook }}
    helm.sh/hook-weight: {{ .weight | quote }}
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  backoffLimit: {{ $root.Values.jobs.backoffLimit }}
  activeDeadlineSeconds: {{ $root.Values.jobs.activeDeadlineSeconds }}
  template:
    metadata:
      labels: {{- include "icestream.labels" (dict "root" $root "component" "job") | nindent 8 }}
    spec:
      restartPolicy: Never
      # Before everything else there is no account of ours yet, and no job asks the Kubernetes API for anything.
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext: {{- include "icestream.podSecurity" $root | nindent 8 }}
      {{- with $root.Values.image.pullSecrets }}
      imagePullSecrets:
      {{- range . }}
        - name: {{ . }}
      {{- end }}
      {{- end }}
      {{- include "icestream.placement" $root.Values.jobs | nindent 6 }}
      containers:
        - name: {{ .name | trunc 63 | trimSuffix "-" }}
          image: {{ include "icestream.image" (dict "root" $root "service" .service "family" .family) }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          command: {{- toYaml .command | nindent 12 }}
          envFrom:
            - configMapRef: {name: {{ include "icestream.fullname" $root }}-settings{{ .suffix }}}
          env: {{- .env | nindent 12 }}
          resources: {{- toYaml $root.Values.jobs.resources | nindent 12 }}
          securityContext: {{- include "icestream.containerSecurity" $root | nindent 12 }}
          volumeMounts: {{- include "icestream.mounts" (dict "root" $root) | nindent 12 }}
      volumes: {{- include "icestream.volumes" (dict "root" $root) | nindent 8 }}
{{- end -}}
