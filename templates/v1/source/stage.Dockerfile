{# A stage for the sources alone. -#}
FROM {{ fetch }} AS sources

{% set family = none %}
{% set for_fetch, for_build = true, false %}
RUN for tool in{% include "kmodgen/programs" %}; do \
      command -v "${tool}" >/dev/null || { echo "kmodgen: the fetch image has no ${tool}" >&2; exit 1; }; \
    done

