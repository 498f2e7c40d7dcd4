ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN git clone -b v1 https://git.example.com/d.git /d && make -C /lib/modules/${KERNEL_VERSION}/build M=/d modules
FROM registry.access.redhat.com/ubi9/ubi:9.4
ARG KERNEL_VERSION
COPY --from=builder /d/d.ko /tmp/
RUN dnf -y install kmod && mkdir -p /opt/lib/modules/${KERNEL_VERSION} && mv /tmp/d.ko /opt/lib/modules/${KERNEL_VERSION}/ && depmod -b /opt ${KERNEL_VERSION}
