# A driver for the cards of the north.
#
# KMM builds it for each kernel.

ARG DTK_AUTO

FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION

RUN git clone -b v1 https://git.example.com/d.git /d && \
    # build
    make -C /lib/modules/${KERNEL_VERSION}/build M=/d modules && \

    # install
    install -D /d/d.ko /opt/lib/modules/${KERNEL_VERSION}/extra/d.ko && \
    depmod -b /opt ${KERNEL_VERSION}

FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
COPY --from=builder /opt/lib/modules /opt/lib/modules
