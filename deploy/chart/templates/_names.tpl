{{- define "chiselbot.name" -}}
{{ .Release.Name | trunc 52 | trimSuffix "-" }}
{{- end -}}

{{- define "chiselbot.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "chiselbot.labels" -}}
{{ include "chiselbot.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "chiselbot.image" -}}
{{ .Values.image.repository }}
{{- with .Values.image.digest }}@{{ . }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end -}}

{{- define "chiselbot.postgres" -}}
{{- if and .Values.existingSecret (has "database-url" .Values.secretKeys) }}yes{{ end -}}
{{- end -}}

{{- /* The variable that each key of the Secret is given by. */ -}}
{{- define "chiselbot.variables" -}}
key: CHISELBOT_KEY_FILE
app-id: CHISELBOT_APP_ID_FILE
private-key: CHISELBOT_PRIVATE_KEY_FILE
webhook-secret: CHISELBOT_WEBHOOK_SECRET_FILE
database-url: DATABASE_URL_FILE
{{- end -}}
