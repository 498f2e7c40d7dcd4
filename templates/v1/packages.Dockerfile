{#
  An instruction that installs packages; the command in it; and the branches of an `if` that installs them with
  whichever manager the image has. `packages` are lists of names, each with its `manager`.
-#}
{% macro install_packages(packages, image) %}
{% if packages | length == 1 %}
RUN {{ install_command(packages[0]) }}
{% else %}
{{ branches(packages, true) }}    else echo "kmodgen: the {{ image }} image has no package manager" >&2; exit 1; fi
{% endif %}
{% endmacro %}
{% macro install_command(packages) %}
{% if not packages.names %}:
{%- elif packages.manager == "dnf" %}dnf install -y --setopt=install_weak_deps=False{% for name in packages.names %} {{ name | expand }}{% endfor %} && dnf clean all
{%- elif packages.manager == "microdnf" %}microdnf install -y{% for name in packages.names %} {{ name | expand }}{% endfor %} && microdnf clean all
{%- elif packages.manager == "apt-get" %}apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends{% for name in packages.names %} {{ name | expand }}{% endfor %} && rm -rf /var/lib/apt/lists/*
{%- elif packages.manager == "zypper" %}zypper --non-interactive install --no-recommends{% for name in packages.names %} {{ name | expand }}{% endfor %} && zypper clean --all
{%- else %}apk add --no-cache{% for name in packages.names %} {{ name | expand }}{% endfor %}
{%- endif %}
{% endmacro %}
{% macro branches(packages, begin) %}
{% for list in packages %}
{% if begin and loop.first %}RUN if{% else %}    elif{% endif %} command -v {{ list.manager }} >/dev/null; then {{ install_command(list) }}; \
{% endfor %}
{% endmacro %}
