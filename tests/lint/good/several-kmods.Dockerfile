ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
ENV KDIR=/lib/modules/${KERNEL_VERSION}/build
RUN git clone -b v3.1 https://git.example.com/fabric.git /fabric
RUN for module in core net storage; do \
      make -C "$KDIR" M=/fabric/$module modules || exit 1; \
      make -C "$KDIR" M=/fabric/$module INSTALL_MOD_PATH=/opt modules_install; \
    done
RUN set -eux; depmod -b /opt "$KERNEL_VERSION"; test -s "/opt/lib/modules/$KERNEL_VERSION/modules.dep"
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
ARG KERNEL_VERSION
COPY --from=builder /opt/lib/modules/${KERNEL_VERSION}/ /opt/lib/modules/${KERNEL_VERSION}/
