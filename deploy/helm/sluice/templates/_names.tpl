{{/* The name of everything in this release, short enough for a suffix. */}}
{{- define "sluice.name" -}}
{{- $base := .Values.nameOverride | default "sluice" -}}
{{- if contains $base .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name $base | trunc 50 | trimSuffix "-" }}{{ end -}}
{{- end -}}

{{/* Labels that select the pods of a process: dict "top" . "part" "api" */}}
{{- define "sluice.selector" -}}
app.kubernetes.io/name: sluice
app.kubernetes.io/instance: {{ .top.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end -}}

{{/* Labels of an object. */}}
{{- define "sluice.labels" -}}
{{ include "sluice.selector" . }}
app.kubernetes.io/version: {{ .top.Values.image.tag | default .top.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .top.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .top.Chart.Name .top.Chart.Version }}
{{- end -}}

{{/* Seconds of a duration such as 90s or 2m. */}}
{{- define "sluice.seconds" -}}
{{- if hasSuffix "m" . }}{{ mul 60 (trimSuffix "m" . | atoi) }}{{ else }}{{ trimSuffix "s" . | atoi }}{{ end -}}
{{- end -}}
