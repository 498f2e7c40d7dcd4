{% for patch in source.patches %}
# Patch {{ patch.name }}
{% for command in patch.write %}
RUN {{ command }}{% if loop.last %} \
 && echo "{{ patch.sha256 }}  {{ patch.file }}" | sha256sum -c - \
 && {% if source.kind != "git" %}GIT_CEILING_DIRECTORIES="$(dirname {{ source.folder }})" {% endif %}git -C {{ source.folder }} apply --verbose --whitespace=nowarn {{ patch.file }} \
 || { echo kmodgen: patch {{ patch.name | sh }} does not apply to {% if source.kind == "git" %}{{ source.commit }}{% else %}{{ source.name }}{% endif %} >&2; exit 1; }
{% endif %}

{% endfor %}

{% endfor %}
