FROM --platform=$BUILDPLATFORM docker.io/library/alpine:3.20 AS fetch
RUN apk add --no-cache git kmod && git clone -b v2 https://git.example.com/d.git /d
FROM --platform=${TARGETPLATFORM} docker.io/library/ubuntu:24.04 AS builder
ARG TARGETARCH
ARG KERNEL_FULL_VERSION
COPY --from=fetch /d /d
RUN apt-get update && apt-get -y install make gcc kmod linux-headers-$KERNEL_FULL_VERSION
RUN make -C /lib/modules/$KERNEL_FULL_VERSION/build M=/d ARCH=${TARGETARCH} modules && make -C /lib/modules/$KERNEL_FULL_VERSION/build M=/d INSTALL_MOD_PATH=/opt modules_install
RUN depmod -b /opt $KERNEL_FULL_VERSION
FROM docker.io/library/ubuntu:24.04
COPY --from=builder /opt/lib/modules /opt/lib/modules
