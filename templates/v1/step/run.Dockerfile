{% if step.script %}
# Script {{ step.script.name }}
{% for command in step.script.write %}
RUN {{ command }}
{% endfor %}
RUN echo "{{ step.script.sha256 }}  {{ step.script.file }}" | sha256sum -c - \
 && chmod +x {{ step.script.file }} \
 && cd {{ step.folder | expand }} \
 && {% for variable in step.env %}{{ variable.name }}={{ variable.value | expand }} {% endfor -%}
{{ step.script.file }}{% for argument in step.args %} {{ argument | expand }}{% endfor %}

{% else %}
RUN cd {{ step.folder | expand }} \
 && chmod +x {{ ("./" ~ step.path) | expand }} \
 && {% for variable in step.env %}{{ variable.name }}={{ variable.value | expand }} {% endfor -%}
{{ ("./" ~ step.path) | expand }}{% for argument in step.args %} {{ argument | expand }}{% endfor %}

{% endif %}

