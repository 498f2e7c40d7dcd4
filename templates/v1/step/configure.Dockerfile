RUN cd {{ step.folder | expand }} \
{% if step.autoreconf %}
 && autoreconf -fi \
{% endif %}
 && {% for variable in step.env %}{{ variable.name }}={{ variable.value | expand }} {% endfor -%}
./configure{% for argument in step.args %} {{ argument | expand }}{% endfor %}


