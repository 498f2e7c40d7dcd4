ARG KERNEL_VERSION=5.14.0-427.81.1.el9_4.x86_64+rt
FROM quay.io/example/driver-toolkit:4.16 AS builder
ARG KERNEL_VERSION
RUN git clone --branch rt-1.0 https://git.example.com/rtdrv.git /r
RUN test -d "/lib/modules/$KERNEL_VERSION/build" && make -C "/lib/modules/$KERNEL_VERSION/build" M=/r modules
RUN mkdir -p "/opt/lib/modules/$KERNEL_VERSION/extra" && cp /r/*.ko "/opt/lib/modules/$KERNEL_VERSION/extra/" && depmod -b /opt "$KERNEL_VERSION"
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
ARG KERNEL_VERSION
COPY --from=builder "/opt/lib/modules/$KERNEL_VERSION/" "/opt/lib/modules/$KERNEL_VERSION/"
