RUN cd {{ step.folder | sh }} \
 && chmod +x {{ ("./" ~ step.script) | sh }} \
 && {% for variable in step.env %}{{ variable.name }}={{ variable.value | expand }} {% endfor -%}
{{ ("./" ~ step.script) | sh }}{% for argument in step.args %} {{ argument | expand }}{% endfor %}


