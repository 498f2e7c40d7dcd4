FROM registry.access.redhat.com/ubi8/ubi:8.10 AS builder
ARG KERNEL_FULL_VERSION
RUN yum install --assumeyes kernel-devel-"${KERNEL_FULL_VERSION}" kernel-headers-"${KERNEL_FULL_VERSION}" && yum clean all
RUN git clone --depth 1 -b 5.4.0 https://git.example.com/e1000.git /src
RUN cd /src/src && make -j"$(nproc)" KSRC=/usr/src/kernels/${KERNEL_FULL_VERSION} BUILD_KERNEL=${KERNEL_FULL_VERSION}
RUN mkdir -p /opt/lib/modules/${KERNEL_FULL_VERSION}/updates && mv /src/src/*.ko /opt/lib/modules/${KERNEL_FULL_VERSION}/updates/
RUN depmod --basedir /opt ${KERNEL_FULL_VERSION}
FROM registry.access.redhat.com/ubi8/ubi-minimal:8.10
COPY --from=builder /opt/lib/modules /opt/lib/modules
