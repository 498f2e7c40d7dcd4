# The firmware that belongs to exactly this driver, from the same commit.
RUN mkdir -p /opt/lib/firmware/intel/ice/ddp \
 && cp {{ source.folder }}/ddp/ice-*.pkg /opt/lib/firmware/intel/ice/ddp/ice.pkg \
 && cp {{ source.folder }}/ddp/LICENSE /opt/lib/firmware/intel/ice/ddp/

