ARG DTK_AUTO
ARG RUNTIME=registry.access.redhat.com/ubi9/ubi-minimal:9.4
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
ARG DRIVER_REF=v2.5.1
ARG EXTRA_CFLAGS=""
RUN git clone --branch "${DRIVER_REF}" https://git.example.com/d.git /d
RUN make -C /d KVERSION="${KERNEL_VERSION}" EXTRA_CFLAGS="${EXTRA_CFLAGS}" && make -C /d KVERSION="${KERNEL_VERSION}" DESTDIR=/opt install
FROM ${RUNTIME}
COPY --from=builder /opt /opt
