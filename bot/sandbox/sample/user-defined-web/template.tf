terraform {
  required_providers {
    coder  = { source = "coder/coder" }
    docker = { source = "kreuzwerker/docker" }
  }
}

variable "docker_gid" {
  description = "Group id of docker on the host"
  type        = number
  default     = 988
}

variable "workspace_image" {
  description = "The workspace image, with its tag"
  type        = string
  default     = "example/workspace:v1"
}

variable "docker_registry_mirror" {
  description = "Mirror that images come through, empty for none"
  type        = string
  default     = ""
}

data "coder_workspace" "me" {}
data "coder_workspace_owner" "me" {}

locals {
  owner = data.coder_workspace_owner.me.name
  name  = lower(data.coder_workspace.me.name)
  home  = "/home/coder"
}

resource "coder_agent" "main" {
  arch = "amd64"
  os   = "linux"
  dir  = local.home

  startup_script = <<-EOT
    #!/bin/bash
    # Every step may fail without ending the boot.
    set +e

    sudo chown coder:coder /home/coder
    if [ ! -f ~/.bashrc ]; then
      cp -rT /etc/skel/. ~/
    fi

    export GIT_SSH_COMMAND="$(command -v coder) gitssh --"

    if [ -d /home/coder-files ]; then
      cp -n /home/coder-files/WELCOME.txt ~/WELCOME.txt
    else
      echo "warning: /home/coder-files is missing"
    fi

    git config --global user.name "$CODER_WORKSPACE_OWNER_NAME"
    git config --global user.email "$CODER_WORKSPACE_OWNER_EMAIL"

    if [ -n "${var.docker_registry_mirror}" ]; then
      sudo mkdir -p /etc/docker
      echo '{ "registry-mirrors": ["${var.docker_registry_mirror}"] }' | sudo tee /etc/docker/daemon.json > /dev/null
    fi

    if ! pgrep -x dockerd > /dev/null; then
      sudo dockerd > /tmp/dockerd.log 2>&1 &
      for attempt in $(seq 1 30); do
        [ -S /var/run/docker.sock ] && break
        sleep 1
      done
      sudo chgrp docker /var/run/docker.sock
      sudo chmod 660 /var/run/docker.sock
    fi

    ddev config global --omit-containers=ddev-router
    ddev utility download-images || true
    mkdir -p ~/projects

    if [ ! -f ~/.bash_profile ]; then
      cat > ~/.bash_profile <<'PROFILE'
    . /etc/bash.bashrc
    . ~/.bashrc
    cat ~/WELCOME.txt
    PROFILE
    fi
    echo "ready after $${SECONDS} seconds"
    exit 0
  EOT

  env = {
    HOME                        = local.home
    CODER_WORKSPACE_ID          = data.coder_workspace.me.id
    CODER_WORKSPACE_NAME        = data.coder_workspace.me.name
    CODER_WORKSPACE_OWNER_NAME  = data.coder_workspace_owner.me.name
    CODER_WORKSPACE_OWNER_EMAIL = data.coder_workspace_owner.me.email
  }
}

resource "coder_app" "web" {
  agent_id  = coder_agent.main.id
  slug      = "web"
  url       = "http://localhost:80"
  subdomain = true

  healthcheck {
    url       = "http://localhost:80"
    interval  = 10
    threshold = 30
  }
}

resource "coder_script" "stop" {
  agent_id     = coder_agent.main.id
  display_name = "Stop the project"
  run_on_stop  = true

  script = <<-EOT
    #!/bin/bash
    [ -S /var/run/docker.sock ] || exit 0
    timeout 150 ddev poweroff || echo "ddev poweroff did not finish"
  EOT
}

resource "docker_volume" "dind" {
  name = "coder-${local.owner}-${local.name}-dind-cache"
}

resource "docker_container" "workspace" {
  count     = data.coder_workspace.me.start_count
  image     = var.workspace_image
  name      = "coder-${data.coder_workspace.me.id}"
  hostname  = "${local.name}-${local.owner}"
  user      = "coder"
  group_add = [tostring(var.docker_gid)]
  command   = ["sh", "-c", coder_agent.main.init_script]
  env       = ["CODER_AGENT_TOKEN=${coder_agent.main.token}"]

  runtime       = "sysbox-runc"
  privileged    = false
  security_opts = ["apparmor:unconfined", "seccomp:unconfined"]

  stop_signal           = "SIGINT"
  stop_timeout          = 180
  destroy_grace_seconds = 60

  volumes {
    container_path = local.home
    host_path      = "/coder-workspaces/${local.owner}-${local.name}"
  }

  mounts {
    type   = "volume"
    source = docker_volume.dind.name
    target = "/var/lib/docker"
  }

  depends_on = [null_resource.workspace_cleanup]
}

resource "null_resource" "workspace_cleanup" {
  triggers = {
    path = "/coder-workspaces/${local.owner}-${local.name}"
  }

  provisioner "local-exec" {
    when    = destroy
    command = "sudo /usr/local/bin/coder-delete-workspace-dir '${self.triggers.path}'"
  }
}
