FROM registry.example.com/driver/sources:el9 AS sources
ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
COPY --from=sources /driver /driver
WORKDIR /driver
RUN ./pre-build.sh ${KERNEL_VERSION}
RUN make -C /usr/src/kernels/${KERNEL_VERSION} M=/driver
RUN mkdir -p /opt/lib/modules/${KERNEL_VERSION}/extra && cp /driver/driver.ko /opt/lib/modules/${KERNEL_VERSION}/extra/driver.ko
RUN depmod -b /opt ${KERNEL_VERSION}
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
ARG KERNEL_VERSION
RUN microdnf install -y kmod
COPY --from=builder /opt/lib/modules/${KERNEL_VERSION} /opt/lib/modules/${KERNEL_VERSION}
