ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN git clone -b v1 https://git.example.com/d.git /d && make -C /lib/modules/${KERNEL_VERSION}/build M=/d modules
RUN mkdir -p /driver/lib/modules/${KERNEL_VERSION} && cp /d/d.ko /driver/lib/modules/${KERNEL_VERSION}/ && depmod -b /driver ${KERNEL_VERSION}
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
COPY --from=builder /driver /driver
