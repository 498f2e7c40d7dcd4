ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN git clone --branch v4 https://git.example.com/d.git /d
WORKDIR /d
RUN ./build.sh --kernel ${KERNEL_VERSION} --output /opt/lib/modules/${KERNEL_VERSION}
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
ARG KERNEL_VERSION
COPY --from=builder /opt/lib/modules/${KERNEL_VERSION}/ /opt/lib/modules/${KERNEL_VERSION}/
