FROM ubuntu:24.04 AS builder
ARG KERNEL_FULL_VERSION
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get -qq update
RUN apt-get -qq install bc bison flex gcc-13 git kmod libelf-dev make linux-headers-${KERNEL_FULL_VERSION}
RUN git clone --branch=v2.3 --depth=1 https://git.example.com/hello.git /work
WORKDIR /work
RUN make KDIR=/lib/modules/${KERNEL_FULL_VERSION}/build
FROM ubuntu:24.04
ARG KERNEL_FULL_VERSION
RUN apt-get update && apt-get install -yq kmod && rm -rf /var/lib/apt/lists/*
COPY --from=builder /work/hello.ko /opt/lib/modules/${KERNEL_FULL_VERSION}/
RUN depmod -b /opt ${KERNEL_FULL_VERSION}
