ARG KERNEL_VERSION=6.8.0-51-generic
FROM docker.io/library/ubuntu:24.04 AS builder
ARG KERNEL_VERSION
RUN apt-get update && apt-get install -y make gcc kmod linux-headers-${KERNEL_VERSION}
COPY . /src
RUN make -C /lib/modules/${KERNEL_VERSION}/build M=/src modules
RUN make -C /lib/modules/${KERNEL_VERSION}/build M=/src INSTALL_MOD_PATH=/opt modules_install && depmod -b /opt ${KERNEL_VERSION}
FROM docker.io/library/busybox:1.36
ARG KERNEL_VERSION
COPY --from=builder /opt/lib/modules/${KERNEL_VERSION} /opt/lib/modules/${KERNEL_VERSION}
