# {{ source.name }}, out of an image.
COPY --from={{ source.image }} {{ source.path }} {{ source.folder }}/

