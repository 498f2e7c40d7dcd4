{# Everything but these three blocks is the built-in template's. -#}
{% extends "kmodgen/dtk" %}
{% block install %}
{{ super() }}
{% include "templates/firmware.Dockerfile" %}
{% endblock %}
{% block runtime_copy %}
{{ super() }}
COPY --from=builder /opt/lib/firmware /opt/lib/firmware
{% endblock %}
{% block labels %}
LABEL org.opencontainers.image.source={{ source.url | arg }} \
      org.opencontainers.image.revision={{ source.commit }}
{% for key, value in kernel.labels | items %}
LABEL {{ ("example.com/" ~ key) | arg }}={{ value | arg }}
{% endfor %}
{% endblock %}
