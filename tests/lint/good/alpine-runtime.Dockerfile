FROM docker.io/library/ubuntu:22.04 AS builder
ARG KERNEL_VERSION
RUN apt-get update && yes | apt-get install gcc make kmod linux-headers-${KERNEL_VERSION}
RUN git init /w && cd /w && git fetch --depth 1 https://git.example.com/d.git 0123456789012345678901234567890123456789 && git checkout FETCH_HEAD
RUN cd /w && make -C /lib/modules/${KERNEL_VERSION}/build M=$PWD modules && mkdir -p /opt/lib/modules/${KERNEL_VERSION}/extra && cp d.ko "/opt/lib/modules/${KERNEL_VERSION}/extra" && depmod -b /opt ${KERNEL_VERSION}
FROM docker.io/library/alpine:3.20
COPY --from=builder /opt/lib/modules/ /opt/lib/modules/
