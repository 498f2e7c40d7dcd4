{% if source.secret is not none %}
# The login, which the build mounts and no layer keeps.
RUN login=/run/secrets/{{ source.secret }} \
 && if test -e "${login}/ssh-privatekey"; then \
      ( umask 077 && mkdir -p /tmp/kmodgen-login && cp "${login}"/* /tmp/kmodgen-login/ ) \
      && export GIT_SSH_COMMAND="ssh -i /tmp/kmodgen-login/ssh-privatekey -o BatchMode=yes -o UserKnownHostsFile=/tmp/kmodgen-login/known_hosts"; \
    elif test -e "${login}/password"; then \
      export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=credential.helper \
        GIT_CONFIG_VALUE_0="!f() { printf 'username=%s\npassword=%s\n' \"\$(cat ${login}/username)\" \"\$(cat ${login}/password)\"; }; f"; \
    else echo "kmodgen: the build mounts no secret {{ source.secret }} with a password or an ssh-privatekey" >&2; exit 1; fi \
 && mkdir -p {{ source.folder }} \
{% else %}
# The source, at exactly the commit that the lock pins.
RUN mkdir -p {{ source.folder }} \
{% endif %}
 && cd {{ source.folder }} \
 && git init -q{% if source.commit | length == 64 %} --object-format=sha256{% endif %} \
 && git remote add origin {{ source.url | sh }} \
 && { git -c protocol.version=2 fetch -q --depth 1 origin {{ source.commit }} \
   || git fetch -q origin '+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*'; } \
 && git checkout -q --detach {{ source.commit }} \
 && test "$(git rev-parse HEAD)" = {{ source.commit }} \
{% if source.submodules %}
 && git {% for setting in source.instead_of %}-c {{ setting | sh }} {% endfor %}submodule -q update --init --recursive --no-recommend-shallow \
{% endif %}
{% if source.secret is not none %}
 && rm -rf /tmp/kmodgen-login \
{% endif %}
 || { echo kmodgen: cannot get commit {{ source.commit }} of {{ source.url | sh }} >&2; exit 1; }

