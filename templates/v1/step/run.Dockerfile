RUN cd {{ step.folder | expand }} \
 && chmod +x {{ ("./" ~ step.script) | expand }} \
 && {% for variable in step.env %}{{ variable.name }}={{ variable.value | expand }} {% endfor -%}
{{ ("./" ~ step.script) | expand }}{% for argument in step.args %} {{ argument | expand }}{% endfor %}


