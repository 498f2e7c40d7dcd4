#error "CONFIG_DEMO_TRACE is off"
