{# Package repositories: `key` gets the key of one into the builder, and `add` has the package manager use it. -#}
{% macro key(repository) %}
# The key of repository {{ repository.name }}.
{% if repository.key.write is defined %}
RUN mkdir -p /usr/share/keyrings
{% for command in repository.key.write %}
RUN {{ command }}
{% endfor %}
RUN echo "{{ repository.key.sha256 }}  {{ repository.key.file }}" | sha256sum -c - && chmod 644 {{ repository.key.file }}
{% else %}
RUN mkdir -p /usr/share/keyrings && url={{ repository.key.url | sh }} \
 && if command -v curl >/dev/null; then curl -fsSL --retry 3 -o {{ repository.key.file }} "${url}"; \
    elif command -v wget >/dev/null; then wget -q -O {{ repository.key.file }} "${url}"; \
    else echo "kmodgen: the builder image has neither curl nor wget" >&2; exit 1; fi \
 && echo "{{ repository.key.sha256 }}  {{ repository.key.file }}" | sha256sum -c - \
 && grep -q -e '-----BEGIN PGP PUBLIC KEY BLOCK-----' {{ repository.key.file }} && chmod 644 {{ repository.key.file }} \
 || { echo "kmodgen: cannot get the key of repository {{ repository.name }} in text form" >&2; exit 1; }
{% endif %}

{% endmacro %}
{% macro add(repository) %}
# Repository {{ repository.name }}, whose packages must be signed with that key.
{% if repository.for_apt %}
RUN if command -v apt-get >/dev/null; then \
{% if repository.needs_certificates %}
      { test -e /etc/ssl/certs/ca-certificates.crt \
     || { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates; }; } && \
{% endif %}
      printf '%s\n'{% for line in repository.lines %} {{ line | sh }}{% endfor %} > /etc/apt/sources.list.d/kmodgen-{{ repository.name }}.list; \
    fi
{% else %}
RUN folder=/etc/yum.repos.d \
 && if command -v zypper >/dev/null; then folder=/etc/zypp/repos.d && rpm --import {{ repository.key.file }}; fi \
 && mkdir -p "${folder}" \
 && printf '%s\n'{% for line in repository.lines %} {{ line | sh }}{% endfor %} > "${folder}/kmodgen-{{ repository.name }}.repo"
{% endif %}

{% endmacro %}
