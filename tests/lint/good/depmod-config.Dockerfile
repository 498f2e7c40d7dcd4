ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN git clone -b v1 https://git.example.com/d.git /d && make -C /lib/modules/${KERNEL_VERSION}/build M=/d modules
RUN install -D /d/d.ko /opt/lib/modules/${KERNEL_VERSION}/extra/d.ko
RUN printf 'search updates extra built-in\n' > /tmp/depmod.conf && depmod -C /tmp/depmod.conf -F /lib/modules/${KERNEL_VERSION}/System.map -ae -b /opt ${KERNEL_VERSION} && depmod --version
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
COPY --from=builder /opt/lib/modules /opt/lib/modules
