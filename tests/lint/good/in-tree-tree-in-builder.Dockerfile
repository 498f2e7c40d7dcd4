ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN git clone -b v1 https://git.example.com/d.git /d && make -C /lib/modules/${KERNEL_VERSION}/build M=/d modules modules_install
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
ARG KERNEL_VERSION
RUN microdnf -y install kmod
COPY --from=builder /lib/modules/${KERNEL_VERSION}/extra/ /opt/lib/modules/${KERNEL_VERSION}/extra/
COPY --from=builder /lib/modules/${KERNEL_VERSION}/modules.order /lib/modules/${KERNEL_VERSION}/modules.builtin /opt/lib/modules/${KERNEL_VERSION}/
RUN depmod -b /opt ${KERNEL_VERSION}
