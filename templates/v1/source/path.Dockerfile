# {{ source.name }}, out of the build context, which only builds outside of KMM have; checked, since nothing else
# says that it is as it was when this Dockerfile was generated.
COPY {{ source.path }} /usr/src/kmodgen-context/{{ source.name }}/
RUN cd /usr/src/kmodgen-context/{{ source.name }} \
 && sums="$(find . -type f ! -name .git ! -path '*/.git/*' -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum | sha256sum)" \
 && test "${sums%% *}" = {{ source.sums }} \
 && mkdir -p {{ source.folder }} && cp -a . {{ source.folder }}/ && rm -rf {{ source.folder }}/.git \
 || { echo kmodgen: {{ source.path }} is not as it was when this Dockerfile was generated >&2; exit 1; }

