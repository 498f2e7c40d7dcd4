ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN git clone -b v1 https://git.example.com/d.git /d && make -C /lib/modules/${KERNEL_VERSION}/build M=/d modules && xz --check=crc32 /d/d.ko
FROM registry.access.redhat.com/ubi9/ubi:9.4
ARG KERNEL_VERSION
COPY --from=builder /d/d.ko.xz /opt/lib/modules/${KERNEL_VERSION}/extra/d.ko.xz
RUN dnf install -y kmod && depmod -b /opt ${KERNEL_VERSION}
