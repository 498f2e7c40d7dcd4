ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN git clone --branch v4 https://git.example.com/d.git /d
RUN cd /d && ./configure --with-linux=/lib/modules/${KERNEL_VERSION}/build && make && make install DESTDIR=/opt
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
COPY --from=builder /opt /opt
