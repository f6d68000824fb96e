"""F-5: what the user has in the home is not overwritten."""

from tests.rules.harness import Case, Code

RULE = "F-5"

SETTINGS = "/home/coder-files/.vscode/settings.json ~/.vscode/settings.json"

COPY = "cp /home/coder-files/a.conf ~/.config/a.conf"

BAD = (
    Case(
        "a script of the image, by its name",
        on=("full",),
        image="COPY --chmod=755 bin /usr/local/bin",
        files={"../image/bin/prepare": "#!/bin/bash\nmv /tmp/new ~/.bashrc # !F-5\n"},
        boot="prepare",
    ),
    Case(
        "groups behind a word",
        on=("minimal",),
        boot="""
            if ! { cp /etc/vimrc ~/.vimrc; }; then # !F-5
              echo failed
            fi
            [ -d ~ ] && { cp /etc/nanorc ~/.nanorc; } # !F-5
            time {
              cp /etc/inputrc ~/.inputrc # !F-5
            }
        """,
    ),
    Case(
        "a variable of one command",
        on=("minimal",),
        boot="""
            put() {
              cp /etc/vimrc "$TARGET" # !F-5
            }
            TARGET=~/.vimrc put
            TARGET=~/.inputrc bash -c 'cp /etc/inputrc "$TARGET"' # !F-5
            env TARGET=/home/coder/.nanorc sh -c 'cp /etc/nanorc "$TARGET"' # !F-5
        """,
    ),
    Case(
        "a function that another shell knows",
        on=("minimal",),
        boot="put() {\n  cp /etc/vimrc ~/.vimrc # !F-5\n}\nexport -f put\ntimeout 60 bash -c put",
    ),
    Case(
        "lists that are read",
        on=("minimal",),
        boot="""
            printf '%s\\n' ~/.vimrc /tmp/vimrc | while read -r target; do
              cp /etc/vimrc "$target" # !F-5
            done
            while read -r target; do
              cp /etc/nanorc "$target" # !F-5
            done < <(printf '%s\\n' ~/.nanorc /tmp/nanorc)
            echo ~/.inputrc > /tmp/list
            while read -r target; do
              cp /etc/inputrc "$target" # !F-5
            done < /tmp/list
        """,
    ),
    Case(
        "a script that is made line by line",
        on=("minimal",),
        boot="""
            {
              echo '#!/bin/bash'
              printf '%s\\n' 'put() {' \\
                'cp /etc/vimrc ~/.vimrc' # !F-5
              echo '}'
            } > /tmp/step.sh
            echo put >> /tmp/step.sh
            mv /tmp/step.sh /tmp/setup.sh
            bash < /tmp/setup.sh
        """,
    ),
    Case(
        "programs that it puts in place",
        on=("minimal",),
        boot="""
            script=$(mktemp)
            cat > "$script" <<'X'
            #!/bin/bash
            cp "$1" ~/.vimrc # !F-5
            X
            sudo install -m 755 "$script" /usr/local/bin/set-up-vim
            set-up-vim /etc/vimrc
        """,
    ),
    Case(
        "a text that is read and run",
        on=("minimal",),
        boot="""
            read -r -d '' STEPS <<'X'
            true
            cp /etc/vimrc ~/.vimrc # !F-5
            X
            eval "$STEPS"
        """,
    ),
    Case(
        "a here-string that is sourced by cat",
        boot="source <(cat <<< 'cp /etc/vimrc ~/.vimrc') # !F-5",
        on=("minimal",),
    ),
    Case("a group beside", boot="coproc W {\n  cp /etc/vimrc ~/.vimrc # !F-5\n}\necho z"),
    Case("a subshell beside", boot="coproc W (cp /etc/vimrc ~/.vimrc) # !F-5"),
    Case("a loop beside", boot="true; coproc while sleep 5; do cp /etc/vimrc ~/.vimrc; done # !F-5"),
    Case(
        "a job of the system",
        boot="echo '* * * * * coder cp /etc/vimrc ~/.vimrc' | sudo tee /etc/cron.d/x > /dev/null # !F-5",
    ),
    Case(
        "a job of the system in a text",
        boot="""
            cat > /etc/cron.d/x <<'TAB'
            MAILTO=root
            @daily root cp /etc/vimrc /home/coder/.vimrc # !F-5
            TAB
        """,
        on=("minimal",),
    ),
    Case("watch", boot="watch -n 5 cp /etc/vimrc ~/.vimrc # !F-5"),
    Case("watch of a line", boot="watch -n 5 'cp /etc/vimrc ~/.vimrc' # !F-5"),
    Case("unshare", boot="unshare -n cp /etc/vimrc ~/.vimrc # !F-5"),
    Case("strace", boot="strace -f -o /tmp/trace cp /etc/vimrc ~/.vimrc # !F-5"),
    Case("chronic with a shell", boot="chronic sh -c 'cp /etc/vimrc ~/.vimrc' # !F-5"),
    Case("chronic", boot="chronic cp /etc/vimrc ~/.vimrc # !F-5"),
    Case("tmux", boot="tmux new -d -s work 'cp /etc/vimrc ~/.vimrc' # !F-5"),
    Case("tmux in words", boot="tmux new-session -d -s work cp /etc/vimrc ~/.vimrc # !F-5"),
    Case("screen", boot="screen -dmS work cp /etc/vimrc ~/.vimrc # !F-5"),
    Case(
        "of a list that has more than what is missing",
        boot="""
            missing=(.profile)
            for f in .bashrc .profile; do
              [ -e ~/"$f" ] || missing+=("$f")
            done
            for f in "$${missing[@]}"; do
              cp /home/coder-files/"$f" ~/"$f" # !F-5
            done
        """,
    ),
    Case(
        "of a list of what is there",
        boot="""
            there=()
            for f in .bashrc .profile; do
              [ -e ~/"$f" ] && there+=("$f")
            done
            for f in "$${there[@]}"; do
              cp /home/coder-files/"$f" ~/"$f" # !F-5
            done
        """,
    ),
    Case(
        "of a list of what is missing, and one more",
        boot="""
            missing=()
            [ -e ~/.bashrc ] || missing+=(.bashrc)
            for f in "$${missing[@]}" .profile; do
              cp /home/coder-files/"$f" ~/"$f" # !F-5
            done
        """,
    ),
    Case(
        "a function that is called like the program",
        boot='cp() {\n  command cp -f "$@" # !F-5\n}\ncp /etc/vimrc ~/.vimrc',
        fixed='cp() {\n  command cp -n "$@"\n}\ncp /etc/vimrc ~/.vimrc',
    ),
    Case(
        "after a function that can fail",
        boot="""
            note() { [ -n "$NOTE" ] || return 1; echo "$NOTE"; }
            [ -f ~/.vimrc ] && note || cp /etc/vimrc ~/.vimrc  # !F-5
        """,
    ),
    Case("cp", boot=f"cp {SETTINGS} # !F-5", fixed=f"cp -n {SETTINGS}"),
    Case("cp -f", boot=f"cp -f {SETTINGS} # !F-5", fixed=f"cp -n {SETTINGS}"),
    Case("cp --force", boot=f"cp --force {SETTINGS} # !F-5", fixed=f"cp --no-clobber {SETTINGS}"),
    Case("cp -rf", boot="cp -rf /home/coder-files/.config ~/.config # !F-5"),
    Case("cp into the home", boot="cp /home/coder-files/.gitconfig /home/coder/ # !F-5"),
    Case("cp of all there is", boot="cp -a /home/coder-files/. ~ # !F-5", fixed="cp -n -a /home/coder-files/. ~"),
    Case("cp by a pattern", boot="cp /home/coder-files/.[a-z]* ~/ # !F-5"),
    Case("cp as root", boot='sudo cp /home/coder-files/.bashrc "$HOME/.bashrc" # !F-5'),
    Case("cp from where one is", boot="cd /home/coder\ncp /home/coder-files/WELCOME.txt WELCOME.txt # !F-5"),
    Case("cp -t", boot="cp -t ~/.vscode /home/coder-files/.vscode/settings.json # !F-5"),
    Case(
        "behind a look at the source",
        boot=f"""
            if [ -f /home/coder-files/.vscode/settings.json ]; then
              cp {SETTINGS} # !F-5
            fi
        """,
    ),
    Case(
        "behind a look at another file",
        boot=f"""
            if [ ! -f ~/.netrc ]; then
              cp {SETTINGS} # !F-5
            fi
        """,
    ),
    Case("behind a look that is turned around", boot=f"[ -f ~/.vscode/settings.json ] && cp {SETTINGS} # !F-5"),
    Case("where it differs", boot=f"cmp -s {SETTINGS} || cp {SETTINGS} # !F-5"),
    Case("what is newer", boot=f"cp -u {SETTINGS} # !F-5 warning", fixed=f"cp -n {SETTINGS}"),
    Case("-n that is taken back", boot="cp -n -i /etc/skel/.bashrc ~/.bashrc <<< y # !F-5"),
    Case("with a copy of the old one", boot=f"cp --backup=numbered {SETTINGS} # !F-5 warning"),
    Case("rsync", boot="rsync -a /home/coder-files/.config/ ~/.config/ # !F-5"),
    Case("rsync that removes the rest", boot="rsync -a --ignore-existing --delete /srv/vim/ ~/.vim/ # !F-5"),
    Case("mv after all", boot="mv -n -f /tmp/settings.json ~/.vscode/settings.json # !F-5"),
    Case("a look for a folder of that name", boot=f"[ -d ~/.vscode/settings.json ] || cp {SETTINGS} # !F-5"),
    Case(
        "a function that looks for a folder",
        boot="""
            put() {
              [ -d "$2" ] && return 0
              cat "$1" > "$2" # !F-5
            }
            put /etc/vimrc ~/.vimrc
        """,
        fixed="""
            put() {
              [ -d "$2" ] && return 0
              [ -e "$2" ] || cat "$1" > "$2"
            }
            put /etc/vimrc ~/.vimrc
        """,
    ),
    Case("rsync of what is newer", boot="rsync -au /home/coder-files/.config/ ~/.config/ # !F-5 warning"),
    Case("mv", boot="mv /tmp/settings.json ~/.vscode/settings.json # !F-5"),
    Case("mv away", boot="true\nmv ~/.bashrc /tmp/old-bashrc # !F-5 warning", fixed="true"),
    Case(
        "install",
        boot="install -D -m 0644 /home/coder-files/.gitconfig ~/.gitconfig # !F-5",
        fixed="[ -e ~/.gitconfig ] || install -D -m 0644 /home/coder-files/.gitconfig ~/.gitconfig",
    ),
    Case(
        "a redirection",
        boot="cat /home/coder-files/.bashrc > ~/.bashrc # !F-5",
        fixed="[ -e ~/.bashrc ] || cat /home/coder-files/.bashrc > ~/.bashrc",
    ),
    Case("a redirection of an echo", boot='echo "export EDITOR=vim" > "$HOME/.profile" # !F-5'),
    Case("a redirection in spite of noclobber", boot="set -C\necho x >| ~/.profile # !F-5"),
    Case("noclobber that is taken back", boot="set -C\nset +C\necho x > ~/.profile # !F-5"),
    Case("noclobber of a subshell", boot="( set -o noclobber )\necho x > ~/.profile # !F-5"),
    Case("noclobber on a condition", boot='[ -n "$SAFE" ] && set -C\necho x > ~/.profile # !F-5'),
    Case("a copy that yes allows", boot="yes | cp -i /etc/skel/.bashrc ~/.bashrc # !F-5"),
    Case("a copy that is answered", boot="cp -i /etc/skel/.bashrc ~/.bashrc <<< y # !F-5"),
    Case("emptied", boot=": > ~/.bash_history # !F-5"),
    Case(
        "a heredoc",
        on=("minimal",),
        boot="""
            cat > ~/.bash_profile <<'PROFILE' # !F-5
            . ~/.bashrc
            PROFILE
        """,
    ),
    Case(
        "a group",
        boot="""
            {
              echo one
              echo two
            } > ~/notes.txt # !F-5
        """,
    ),
    Case("tee", boot="echo '{}' | tee ~/.docker/config.json > /dev/null # !F-5"),
    Case("a link", boot="ln -sf /home/coder-files/.bashrc ~/.bashrc # !F-5"),
    Case("a link over a folder", boot="ln -sfn /opt/config ~/.config # !F-5"),
    Case(
        "a link of the user's own",
        boot="""
            if [ -L "/home/coder/.profile" ]; then
              rm -f "/home/coder/.profile" # !F-5 warning
            fi
        """,
    ),
    Case(
        "behind a look at another link",
        boot="[ -L ~/.vimrc ] && rm -f ~/.profile # !F-5",
    ),
    Case("rm", boot="rm -f ~/.bashrc # !F-5"),
    Case("rm of a folder", boot="rm -rf ~/projects/* # !F-5"),
    Case("rm where it is there", boot="[ -d ~/.vscode ] && rm -rf ~/.vscode # !F-5"),
    Case("rm and cp", boot="rm -f ~/.zshrc # !F-5\ncp /home/coder-files/.zshrc ~/.zshrc # !F-5"),
    Case("find", boot="find ~ -name '*.orig' -delete # !F-5 warning"),
    Case("find and rm", boot="find ~/projects -name x -exec rm -f {} + # !F-5 warning"),
    Case("dd", boot="dd if=/home/coder-files/.bashrc of=/home/coder/.bashrc # !F-5"),
    Case("truncate", boot="truncate -s 0 ~/.bash_history # !F-5"),
    Case(
        "an archive",
        boot="tar -xzf /opt/home.tar.gz -C /home/coder # !F-5",
        fixed="tar --skip-old-files -xzf /opt/home.tar.gz -C /home/coder",
    ),
    Case("a zip", boot="unzip -o /opt/home.zip -d ~/.config # !F-5", fixed="unzip -n /opt/home.zip -d ~/.config"),
    Case("a download", boot="curl -fsSL -o ~/.vimrc https://example.org/vimrc # !F-5"),
    Case("lines rewritten", boot="sed -i 's/HISTSIZE=.*/HISTSIZE=9/' ~/.bashrc # !F-5 warning"),
    Case("all lines deleted", boot="sed -i d ~/.bashrc # !F-5"),
    Case(
        "made of itself",
        boot="jq . ~/.vscode/settings.json > /tmp/s.json && mv /tmp/s.json ~/.vscode/settings.json # !F-5 warning",
    ),
    Case("a host command", boot="cp /home/coder-files/.ddev/x ~/.ddev/commands/host/x # !F-5 warning"),
    Case("through variables", boot='from=/home/coder-files\nto="$HOME"\ncp "$from/.bashrc" "$to/.bashrc" # !F-5'),
    Case(
        "a project is thrown away before it is filled",
        boot="""
        rm -rf ~/drupal # !F-5
        rsync -a --ignore-existing /opt/seed/ ~/drupal/
        rsync -a /opt/seed/ ~/drupal/ # !F-5
        """,
    ),
    Case(
        "git in a clone that the user works in by now",
        boot="""
            git clone https://example.org/site.git ~/projects/site
            git -C ~/projects/site reset --hard # !F-5 warning
            git -C ~/projects/site checkout -- composer.json
        """,
    ),
    Case(
        "a file is made anew beside itself",
        boot="""
        grep -v LC_ALL ~/.bashrc > ~/.bashrc.new
        mv ~/.bashrc.new ~/.bashrc # !F-5 warning
        """,
    ),
    Case(
        "through a function",
        boot="""
            put() {
              mkdir -p "$(dirname "$2")"
              cp "$1" "$2" # !F-5
            }
            put /home/coder-files/.bashrc /home/coder/.bashrc
        """,
    ),
    Case(
        "through a function for two files",
        boot="""
            put() {
              cp "/home/coder-files/$1" "$HOME/$1"
            }
            put .bashrc # !F-5
            put .profile # !F-5
        """,
    ),
    Case(
        "in a loop",
        boot="""
            for name in .bashrc .profile; do
              cp "/home/coder-files/$name" "$HOME/$name" # !F-5
            done
        """,
    ),
    Case("in another shell", boot=f"bash -c 'cp {SETTINGS}' # !F-5"),
    Case(
        "a guard that is gone",
        before=Code(
            boot=f"""
                if [ ! -f ~/.vscode/settings.json ]; then
                  cp {SETTINGS}
                fi
            """
        ),
        boot=f"cp {SETTINGS} # !F-5",
    ),
    Case(
        "a guard that looks elsewhere now",
        before=Code(
            boot=f"""
                if [ ! -f ~/.vscode/settings.json ]; then
                  cp {SETTINGS}
                fi
            """
        ),
        boot=f"""
            if [ -d /home/coder-files/.vscode ]; then
              cp {SETTINGS} # !F-5
            fi
        """,
    ),
    Case("-n that is gone", before=Code(boot=f"cp -n {SETTINGS}"), boot=f"cp {SETTINGS} # !F-5"),
    Case(
        "one of two ways to get there",
        boot=f"""
            if [ ! -f ~/.vscode/settings.json ] || [ -n "$RESET" ]; then
              cp {SETTINGS} # !F-5
            fi
        """,
    ),
    Case(
        "at the stop",
        top="""
            resource "coder_script" "leave" {
              agent_id    = coder_agent.main.id
              run_on_stop = true
              script      = "rm -rf /home/coder/.vscode" # !F-5
            }
        """,
    ),
    Case("python that writes", boot="python3 -c \"open('/home/coder/.vimrc', 'w').write('set nu')\" # !F-5"),
    Case(
        "python that copies",
        boot="python3 -c \"import shutil; shutil.copy('/etc/vimrc', '/home/coder/.vimrc')\" # !F-5",
    ),
    Case("python that removes", boot="python3 -c \"import shutil; shutil.rmtree('/home/coder/projects')\" # !F-5"),
    Case(
        "python in a heredoc",
        on=("minimal",),
        boot="python3 - <<'PY' # !F-5\nfrom pathlib import Path\nPath('~/.vimrc').expanduser().write_text('')\nPY",
    ),
    Case(
        "python that edits",
        boot="""
            python3 -c "p='/home/coder/.x.json'; d=json.load(open(p)); json.dump(d, open(p, 'w'))" # !F-5 warning
        """,
    ),
    *(
        Case(f"a listing that is not empty: {guard.split(chr(10))[0]}", on=("minimal",), boot=guard)
        for guard in (
            each.replace("COPY", f"{COPY} # !F-5")
            for each in (
                "compgen -G ~/.config/a.conf > /dev/null && COPY",
                "compgen -G ~/.config/b.conf > /dev/null || COPY",
                'case "$(ls -A ~/.config)" in\n  "") true ;;\n  *) COPY\n  ;;\nesac',
                'case "$(ls -A /home/coder-files)" in\n  "") COPY\n  ;;\nesac',
                "find ~/.config -name b.conf -print -quit | grep -q . || COPY",
                "find ~/.config -mtime +3 | grep -q . || COPY",
                "find ~/.config -mindepth 1 | grep -v a.conf | grep -q . || COPY",
                "stat /home/coder-files/a.conf > /dev/null 2>&1 || COPY",
                "(( $(ls ~/.config/a.conf | wc -l) )) && COPY",
                "(( $(ls -A ~/.config | wc -l) < 5 )) && COPY",
                'if [ "$(find ~/.config -name a.conf | wc -l)" != 0 ]; then COPY\nfi',
                "count=$(ls -A /home/coder-files | wc -l)\nif (( count == 0 )); then COPY\nfi",
                "[[ -f ~/.config/a.conf && -f ~/.config/b.conf ]] || COPY",
                "files=(~/.config/*)\nif (( $${#files[@]} > 0 )); then COPY\nfi",
                "files=(/home/coder-files/*)\n[ $${#files[@]} -gt 0 ] || COPY",
                "files=(~/.config/* b.conf)\n[ $${#files[@]} -gt 0 ] || COPY",
                'there() { [ -e "$1" ] && [ -L "$1" ]; }\nthere ~/.config/a.conf || COPY',
                'there() { [ -e "$1" ] && return 1\n  return 0; }\nthere ~/.config/a.conf || COPY',
            )
        )
    ),
    Case("perl", boot='perl -e \'open(F, ">", "/home/coder/.vimrc"); print F 1\' # !F-5'),
    Case("node", boot="node -e \"require('fs').writeFileSync('/home/coder/.npmrc', 'a=b')\" # !F-5"),
    Case("a path by printf", boot='printf -v target "%s/.vimrc" "$HOME"\ncp /etc/vimrc "$target" # !F-5'),
    *(
        Case(f"each of several: {loop.split(chr(10))[0]}", on=("minimal",), boot=loop)
        for loop in (
            """declare -A seeds=([a]="$HOME/.a" [b]="$HOME/.b")
            for key in "$${!seeds[@]}"; do
              cp "/home/coder-files/$key" "$${seeds[$key]}" # !F-5
            done""",
            """declare -A seeds
            seeds[vim]=/home/coder/.vimrc
            cp /etc/vimrc "$${seeds[vim]}" # !F-5""",
            """read -ra pair <<< "/etc/vimrc /home/coder/.vimrc"
            cp "$${pair[0]}" "$${pair[-1]}" # !F-5""",
            """mapfile -t names <<'LIST'
.vimrc
.inputrc
LIST
            cp "/etc/$${names[1]}" ~/"$${names[1]}" # !F-5""",
            """once() {
              local -n at="$1"
              cp /etc/vimrc "$at" # !F-5
            }
            target=~/.vimrc
            once target""",
            """targets=(~/.vimrc ~/.inputrc)
            for ((i = 0; i < 2; i++)); do
              cp /etc/vimrc "$${targets[i]}" # !F-5
            done""",
        )
    ),
    Case("another file beside it", boot="cp ~/.vimrc ~/.npmrc # !F-5"),
    Case("xargs", boot="ls /home/coder-files/* | xargs cp -t /home/coder # !F-5"),
    Case("a descriptor", boot="exec 3> ~/.vimrc # !F-5\necho 'set nu' >&3"),
    Case("busybox", boot="busybox cp /etc/vimrc ~/.vimrc # !F-5"),
    Case("a download without a word", boot="wget -nv -O ~/.vimrc https://example.org/vimrc # !F-5"),
    Case("made of itself in a pipe", boot="sed s/a/b/ ~/.vimrc | sponge ~/.vimrc # !F-5 warning"),
    Case(
        "made of itself by way of a file", boot="grep -v X ~/.bashrc > /tmp/b && cat /tmp/b > ~/.bashrc # !F-5 warning"
    ),
    Case("made of another", boot="grep -v X /etc/bash.bashrc > /tmp/b && cat /tmp/b > ~/.bashrc # !F-5"),
    Case(
        "a flag for another file",
        boot="there=0\n[ -f ~/.npmrc ] && there=1\nif [ $there -eq 0 ]; then cp /etc/vimrc ~/.vimrc; fi # !F-5",
    ),
    Case(
        "a flag that says the opposite",
        boot="there=0\n[ -f ~/.vimrc ] && there=1\nif [ $there -eq 1 ]; then cp /etc/vimrc ~/.vimrc; fi # !F-5",
    ),
    Case("where a folder is not empty", boot='[ -z "$(find ~/.x -maxdepth 0 -empty)" ] && cp -r /opt/x/. ~/.x # !F-5'),
    Case(
        "a staged script that it runs",
        on=("full",),
        boot="bash /home/coder-files/set-up.sh",
        files={"../image/scripts/set-up.sh": "cp /etc/vimrc ~/.vimrc # !F-5\n"},
    ),
    Case(
        "a staged command that it runs",
        on=("full",),
        boot="nohup /home/coder-files/set-up > /tmp/set-up.log 2>&1 &",
        files={"../image/scripts/set-up": "#!/bin/sh\nset -e\nrm -rf ~/.vscode # !F-5\n"},
    ),
    Case(
        "whenever the dashboard asks",
        agent="""
            metadata {
              key      = "settings"
              interval = 60
              timeout  = 5
              script   = <<-EOS
                cp /etc/vimrc ~/.vimrc # !F-5
                echo ok
              EOS
            }
        """,
    ),
    Case(
        "whenever the dashboard asks, by a dynamic block",
        agent="""
            dynamic "metadata" {
              for_each = toset(["settings"])
              content {
                key      = metadata.value
                interval = 60
                timeout  = 5
                script   = "rm -rf ~/.vscode" # !F-5
              }
            }
        """,
    ),
    Case(
        "an upload",
        container="""
            upload {
              file    = "/home/coder/.vimrc" # !F-5
              content = "set nu"
            }
        """,
    ),
    Case(
        "uploads",
        container="""
            dynamic "upload" {
              for_each = { "/home/coder/.vimrc" = "set nu" } # !F-5
              content {
                file    = upload.key
                content = upload.value
              }
            }
        """,
    ),
    Case(
        "an upload without the session's transport",
        container="""
            upload {
              file    = "/home/coder/.profile" # !F-5
              content = "sed -i '/GIT_SSH_COMMAND=/d' ~/.bashrc"
            }
        """,
    ),
    Case("past an alias", boot="echo hi\n\\cp /etc/vimrc ~/.vimrc # !F-5"),
    Case("an alias", boot="shopt -s expand_aliases\nalias put='cp -f'\nput /etc/vimrc ~/.vimrc # !F-5"),
    Case(
        "past an alias that spares", boot="shopt -s expand_aliases\nalias cp='cp -n'\n\\cp /etc/vimrc ~/.vimrc # !F-5"
    ),
    Case("git's working tree", boot='git --git-dir=/opt/dots --work-tree="$HOME" checkout -f # !F-5'),
    Case("git's working tree by a variable", boot="GIT_WORK_TREE=~ git --git-dir=/opt/dots checkout -f # !F-5"),
    Case("git reset", boot="git -C ~ reset --hard origin/main # !F-5"),
    Case("git reset where one is", boot="cd ~/work/site && git reset --hard # !F-5"),
    Case("git clean", boot='git -C "$HOME" clean -xdf # !F-5'),
    Case("git restore", boot="git -C ~ restore . # !F-5"),
    Case("git checkout of a file", boot="git -C ~ checkout -- .bashrc # !F-5"),
    Case("git archive", boot="git -C /opt/dots archive HEAD | tar -x -C ~ # !F-5"),
    Case("awk in place", boot="gawk -i inplace '{ gsub(/a/, 1) } 1' ~/.bashrc # !F-5 warning"),
    Case("yq in place", boot="yq -i '.a = 1' ~/.config/tool.yaml # !F-5 warning"),
    Case("a patch", boot="patch ~/.bashrc < /opt/bashrc.patch # !F-5 warning"),
    Case("dd with a tilde", boot="dd if=/etc/vimrc of=~/.vimrc # !F-5"),
    Case("out of a pipe", boot="echo 'set nu' | install -m 644 /dev/stdin ~/.vimrc # !F-5"),
    Case("into a process", boot="echo 'set nu' > >(tee ~/.vimrc) # !F-5"),
    Case("a here-string for bash", boot="bash <<< 'cp /etc/vimrc ~/.vimrc' # !F-5"),
    Case("a pipe into bash", boot="echo 'cp /etc/vimrc ~/.vimrc' | sudo -u coder bash -s # !F-5"),
    Case(
        "a heredoc in a pipe into bash",
        on=("minimal",),
        boot="cat <<'SCRIPT' | bash\necho hi\ncp /etc/vimrc ~/.vimrc # !F-5\nSCRIPT",
    ),
    Case("a process that is sourced", boot="source <(echo 'cp /etc/vimrc ~/.vimrc') # !F-5"),
    Case("a here-string that is sourced", boot=". /dev/stdin <<< 'cp /etc/vimrc ~/.vimrc' # !F-5"),
    Case("a shell with arguments", boot='bash -c \'cp "$1" "$2"\' _ /etc/vimrc ~/.vimrc # !F-5'),
    Case("a shell behind find", boot="find /opt/dots -type f -exec sh -c 'cp \"$1\" ~/' _ {} \\; # !F-5"),
    Case("a shell behind xargs", boot="ls /opt/dots | xargs -I{} sh -c 'cp /opt/dots/{} ~/{}' # !F-5"),
    Case("a shell behind flock", boot="flock /tmp/lock -c 'cp /etc/vimrc ~/.vimrc' # !F-5"),
    Case("a shell behind runuser", boot="sudo runuser -l coder -c 'cp /etc/vimrc ~/.vimrc' # !F-5"),
    Case("a name that is read", boot='read -r target <<< "$HOME/.vimrc"\ncp /etc/vimrc "$target" # !F-5'),
    Case(
        "names that a loop reads",
        boot='while read -r from to; do cp "$from" "$to"; done <<< "/etc/vimrc $HOME/.vimrc" # !F-5',
    ),
    Case("what find lists", boot="find ~/.config -name '*.json' | xargs rm -f # !F-5 warning"),
    Case("scp", boot="scp host:/etc/vimrc ~/.vimrc # !F-5"),
    Case("docker cp", boot="docker cp tools:/etc/vimrc ~/.vimrc # !F-5"),
    Case("a download under its own name", boot="cd ~ && curl -fsSLO https://example.org/.vimrc # !F-5"),
    Case(
        "python with a joined path",
        boot="python3 -c \"import os; open(os.path.join(os.environ['HOME'], '.vimrc'), 'w').write('set nu')\" # !F-5",
    ),
    Case("ruby", boot='ruby -e \'File.write("#{Dir.home}/.vimrc", "set nu")\' # !F-5'),
    Case("awk that writes", boot='awk \'BEGIN { print "set nu" > "/home/coder/.vimrc" }\' # !F-5'),
    Case(
        "a health check",
        container="""
            healthcheck {
              test = ["CMD-SHELL", "rm -rf /home/coder/.vscode"] # !F-5
            }
        """,
    ),
    Case(
        "a script that it makes",
        on=("minimal",),
        boot="""
            cat > /tmp/set-up.sh <<'SCRIPT'
            cp /etc/vimrc ~/.vimrc # !F-5
            SCRIPT
            bash /tmp/set-up.sh
        """,
    ),
    Case(
        "a script that it makes as root",
        on=("minimal",),
        boot="""
            cat <<'SCRIPT' | sudo tee /usr/local/bin/set-up > /dev/null
            #!/bin/sh
            cp /etc/vimrc ~/.vimrc # !F-5
            SCRIPT
            /usr/local/bin/set-up
        """,
    ),
    Case("a script that it makes and sources", boot="echo 'rm -f ~/.vimrc' > /tmp/set-up.sh # !F-5\n. /tmp/set-up.sh"),
    Case("the home by getent", boot='place=$(getent passwd coder | cut -d: -f6)\ncp /etc/vimrc "$place/.vimrc" # !F-5'),
    Case("the home by eval", boot='place=$(eval echo ~coder)\ncp /etc/vimrc "$place/.vimrc" # !F-5'),
    Case("a process beside", boot="coproc cp /etc/vimrc ~/.vimrc # !F-5"),
    Case(
        "an upload of a command",
        container='upload {\n  file    = "/home/coder/.ddev/commands/host/x" # !F-5 warning\n  content = "echo hi"\n}',
    ),
    Case("a script for su", boot="sudo su - coder <<< 'cp /etc/vimrc ~/.vimrc' # !F-5"),
    Case("parallel", boot="parallel cp {} ~/ ::: /etc/vimrc /etc/inputrc # !F-5"),
    Case("a line for parallel", boot="parallel 'cp /etc/{} ~/.{}' ::: vimrc inputrc # !F-5"),
    *(
        Case(f"a script for later, {name}", on=("minimal",), boot=script)
        for name, script in (
            ("at", "echo 'cp /etc/vimrc ~/.vimrc' | at now # !F-5"),
            ("batch", "batch <<'JOB'\ncp /etc/vimrc ~/.vimrc # !F-5\nJOB"),
            ("crontab", "crontab - <<'TAB'\nMAILTO=''\n*/5 * * * * cp /etc/vimrc ~/.vimrc # !F-5\nTAB"),
            ("sg", "sg docker -c 'cp /etc/vimrc ~/.vimrc' # !F-5"),
            ("arguments", "bash -s -- .vimrc <<'JOB'\ncp /etc/vimrc ~/\"$1\" # !F-5\nJOB"),
            ("options", "bash -o pipefail <<'JOB'\ncp /etc/vimrc ~/.vimrc # !F-5\nJOB"),
            ("a process", "bash <(echo 'cp /etc/vimrc ~/.vimrc') # !F-5"),
            ("eval", "eval \"$(cat <<'JOB'\ncp /etc/vimrc ~/.vimrc # !F-5\nJOB\n)\""),
        )
    ),
    Case(
        "handed to a function",
        boot="""
            try() {
              "$@"
            }
            try rm -rf ~/.config/nvim # !F-5
        """,
    ),
    Case("what a function prints", boot="say() { echo a; echo b; }\nsay > ~/.inputrc # !F-5"),
    Case("a script for su in a pipe", boot="echo 'cp /etc/vimrc ~/.vimrc' | sudo su coder # !F-5"),
)

GOOD = (
    Case("once in the life of the home, by a folder", boot="mkdir ~/.seeded && cp /etc/vimrc ~/.vimrc"),
    Case(
        "looked for from the home",
        on=("minimal",),
        boot="cd ~ && [ -f .vimrc ] || cp /etc/vimrc .vimrc\necho x && [ -f .nanorc ] || cp /etc/nanorc .nanorc",
    ),
    Case("a variable of one command that is over", boot='TARGET=~/.vimrc true\ncp /etc/vimrc "/tmp/$TARGET"'),
    Case(
        "a list of other files that is read",
        on=("minimal",),
        boot="printf '%s\\n' /tmp/a /tmp/b | while read -r target; do\n  cp /etc/vimrc \"$target\"\ndone",
    ),
    Case(
        "what is run in another way and spares",
        boot="""
            coproc W { cp -n /etc/vimrc ~/.vimrc; }
            echo '5 4 * * * coder cp -n /etc/vimrc ~/.vimrc' | sudo tee /etc/cron.d/x
            echo '5 4 * * * root cp /etc/vimrc ~/.vimrc' > /etc/cron.d/y
            echo '5 4 * * * coder cp /etc/vimrc ~/.vimrc' > /tmp/z
            watch -n 5 'cp -n /etc/vimrc ~/.vimrc'
            strace -o /tmp/trace cp -n /etc/vimrc ~/.vimrc
            tmux new -d -s work '[ -e ~/.vimrc ] || cp /etc/vimrc ~/.vimrc'
            tmux set -g status-left 'cp /etc/vimrc ~/.vimrc'
            screen -dmS cp true /etc/vimrc ~/.vimrc
        """,
    ),
    Case(
        "a function that spares, called like the program", boot='cp() { command cp -n "$@"; }\ncp /etc/vimrc ~/.vimrc'
    ),
    Case("a function that says what it would do", boot='rm() { echo "rm $*"; }\nrm -rf ~/.config'),
    *(
        Case(f"a listing that is empty: {guard.split(chr(10))[0]}", on=("minimal",), boot=guard.replace("COPY", COPY))
        for guard in (
            'if ! compgen -G "$HOME/.config/a.conf" > /dev/null; then\n  COPY\nfi',
            'if [ -z "$(compgen -G "$HOME/.config/*.conf")" ]; then COPY; fi',
            'case "$(ls -A ~/.config 2> /dev/null)" in\n  "") COPY ;;\nesac',
            'case "$(ls ~/.config/a.conf 2> /dev/null)" in\n  ?*) true ;;\n  *) COPY ;;\nesac',
            "find ~/.config -mindepth 1 -print -quit | grep -q . || COPY",
            "if ! find ~/.config -name 'a.*' -print -quit 2> /dev/null | grep -q .; then COPY; fi",
            "ls -A ~/.config 2> /dev/null | grep -qx a.conf || COPY",
            "stat ~/.config/a.conf > /dev/null 2>&1 || COPY",
            "(( $(ls ~/.config/a.conf 2> /dev/null | wc -l) )) || COPY",
            'if [ "$(find ~/.config -name a.conf | wc -l)" -eq 0 ]; then COPY; fi',
            "count=$(ls -A ~/.config | wc -l)\nif (( count == 0 )); then COPY; fi",
            'found=$(ls -A ~/.config)\nif [ -z "$found" ]; then COPY; fi',
            'there() {\n  [ -n "$(ls "$1" 2> /dev/null)" ]\n}\nthere ~/.config/a.conf || COPY',
            "shopt -s nullglob; files=(~/.config/*)\nif [ $${#files[@]} -eq 0 ]; then COPY; fi",
            'shopt -s nullglob; files=("$HOME"/.config/*)\n(( $${#files[@]} )) || COPY',
            'shopt -s nullglob; files=(~/.config/*.conf)\n[ -z "$${files[*]}" ] && COPY',
            'files=(~/.config/a.conf*)\n[ -e "$${files[0]}" ] || COPY',
            'once() { :\n  local have=("$1"/*)\n  (( $${#have[@]} )) && return 0\n  COPY\n}\nonce ~/.config',
            "once() {\n  local new=no\n  [ -e ~/.config/a.conf ] || new=yes\n  [ $new = no ] || COPY\n}\nonce",
        )
    ),
    Case(
        "options that a branch adds to",
        boot='opts=(-n)\n[ -n "$LOUD" ] && opts+=(-v)\ncp "$${opts[@]}" /etc/vimrc ~/.vimrc',
    ),
    *(
        Case(f"each of several that is not there: {loop.split(chr(10))[0]}", on=("minimal",), boot=loop)
        for loop in (
            """declare -A seeds=([a]="$HOME/.a" [b]="$HOME/.b")
            for key in "$${!seeds[@]}"; do
              [ -e "$${seeds[$key]}" ] || cp "/home/coder-files/$key" "$${seeds[$key]}"
            done""",
            """mapfile -t names < <(ls -A /home/coder-files)
            for name in "$${names[@]}"; do [ -e ~/"$name" ] || cp "/home/coder-files/$name" ~/"$name"; done""",
            """once() { local -n at="$1"; [ -e "$at" ] || cp /etc/vimrc "$at"; }
            target=~/.vimrc
            once target""",
        )
    ),
    Case("one of two by -o", boot=f"test -e ~/.config/a.conf -o -e ~/.config/b.conf || {COPY}"),
    Case("one of two in brackets", boot=f"[[ -f ~/.config/a.conf || -f ~/.config/b.conf ]] || {COPY}"),
    Case(
        "a function of two tests", boot=f'there() {{ [ -e "$1" ] || [ -L "$1" ]; }}\nthere ~/.config/a.conf || {COPY}'
    ),
    Case(
        "a function that returns what it found",
        boot=f"""
            there() {{
              if [ -e "$1" ]; then
                return 0
              fi
              return 1
            }}
            there ~/.config/a.conf || {COPY}
        """,
    ),
    Case(
        "a function that another one asks, for several files",
        boot="""
            there() { [ -e "$1" ]; }
            put() { there "$HOME/$1" || cp "/home/coder-files/$1" "$HOME/$1"; }
            put .vimrc
            put .npmrc
        """,
    ),
    Case(
        "a function that says no",
        boot='missing() { ! [ -e "$1" ]; }\nif missing ~/.vimrc; then cp /etc/vimrc ~/.vimrc; fi',
    ),
    Case("a copy beside it", boot="[ -e ~/.vimrc ] && cp ~/.vimrc ~/.vimrc.bak"),
    Case("noclobber", boot="set -o noclobber\necho x > ~/.profile\nset +o noclobber"),
    Case("noclobber in a subshell", boot="( set -C; echo x > ~/.profile ) 2> /dev/null"),
    Case("a copy that nobody answers", boot="cp -i /etc/skel/.bashrc ~/.bashrc < /dev/null"),
    Case("a copy that is told no", boot="yes n | cp -i /etc/skel/.bashrc ~/.bashrc\nyes n | mv -i /tmp/x ~/.profile"),
    Case("python that reads", boot="python3 -c \"print(open('/home/coder/.npmrc').read())\""),
    Case("python elsewhere", boot="python3 -c \"open('/tmp/x', 'w').write('/home/coder/.npmrc')\""),
    Case(
        "python that looks first",
        boot="python3 -c \"import os; p='/home/coder/.vimrc'; os.path.exists(p) or open(p, 'w').write('')\"",
    ),
    Case("python where nothing is", boot="[ -f ~/.vimrc ] || python3 -c \"open('/home/coder/.vimrc', 'w')\""),
    Case("a download of what is missing", boot="wget -q -nc -O ~/.vimrc https://example.org/vimrc"),
    Case("xargs for what is missing", boot="ls /home/coder-files/* | xargs cp -n -t /home/coder"),
    Case("where a folder is empty", boot='[ -n "$(find ~/.x -maxdepth 0 -empty)" ] && cp -r /opt/x/. ~/.x'),
    Case(
        "a flag that says that nothing is there",
        boot="there=0\n[ -f ~/.vimrc ] && there=1\nif [ $there -eq 0 ]; then cp /etc/vimrc ~/.vimrc; fi",
    ),
    Case(
        "a flag that is a command",
        boot="new=true\n[ -f ~/.vimrc ] && new=false\nif $new; then cp /etc/vimrc ~/.vimrc; fi",
    ),
    Case("an empty flag", boot='there=\n[ -e ~/.vimrc ] && there=1\n[ -n "$there" ] || cp /etc/vimrc ~/.vimrc'),
    Case(
        "a staged script that nothing runs",
        on=("full",),
        files={"../image/scripts/set-up.sh": "cp /etc/vimrc ~/.vimrc\n"},
    ),
    Case("a word about what is there", boot="[ -f ~/.vimrc ] && echo there || cp /etc/vimrc ~/.vimrc"),
    Case(
        "a function that says what is there",
        boot="""
            note() { printf '%s\\n' "$*" | tee -a /tmp/boot.log; }
            [ -f ~/.vimrc ] && note "kept" || cp /etc/vimrc ~/.vimrc
        """,
    ),
    Case("a variable that says it", boot="[ -f ~/.vimrc ] && KEPT=1 || cp /etc/vimrc ~/.vimrc"),
    Case("a group of words about it", boot="[ -f ~/.vimrc ] && { echo there; echo kept; } || cp /etc/vimrc ~/.vimrc"),
    Case("where nothing is", boot=f"if [ ! -f ~/.vscode/settings.json ]; then\n  cp {SETTINGS}\nfi"),
    Case("where nothing is, with -e", boot=f"[[ ! -e ~/.vscode/settings.json ]] && cp {SETTINGS}"),
    Case("where nothing is, with ||", boot=f"test -f ~/.vscode/settings.json || cp {SETTINGS}"),
    Case(
        "where nothing is, in an else",
        boot=f"if [ -e ~/.vscode/settings.json ]; then\n  true\nelse\n  cp {SETTINGS}\nfi",
    ),
    Case(
        "where nothing is, in an elif",
        boot=f'if [ -z "$X" ]; then\n  true\nelif [ ! -f ~/.vscode/settings.json ]; then\n  cp {SETTINGS}\nfi',
    ),
    Case("parallel that spares", boot="parallel cp -n {} ~/ ::: /etc/vimrc"),
    Case("a script for later that looks", boot="echo '[ -e ~/.vimrc ] || cp /etc/vimrc ~/.vimrc' | at now"),
    Case("what a function prints once", boot="say() { echo a; }\n[ -e ~/.inputrc ] || say > ~/.inputrc"),
    Case("where its folder is not", boot="[ -d ~/.vscode ] || cp -r /home/coder-files/.vscode ~/.vscode"),
    Case("into a folder that was missing", boot="[ -d ~/.vim ] || { mkdir ~/.vim; cp /etc/vimrc ~/.vim; }"),
    Case("mv of a folder that was missing", boot="[ -d ~/.vim ] || mv /tmp/vim ~/.vim"),
    Case("mv that spares after all", boot="mv -f -n /tmp/settings.json ~/.vscode/settings.json"),
    Case("the folder of a file", boot=f'if [ ! -d "$HOME/.vscode" ]; then\n  mkdir -p ~/.vscode\n  cp {SETTINGS}\nfi'),
    Case("the skeleton", boot='if [ ! -f "/home/coder/.bashrc" ]; then\n  cp -rT /etc/skel/. /home/coder/\nfi'),
    Case(
        "an empty folder", boot='if [ -z "$(ls -A ~/.config 2> /dev/null)" ]; then\n  cp -r /opt/config/. ~/.config\nfi'
    ),
    Case("cp -n", boot=f"cp -n {SETTINGS}\ncp --no-clobber {SETTINGS}\ncp --update=none {SETTINGS}\ncp -rn /opt/. ~/"),
    Case("rsync of what is missing", boot="rsync -a --ignore-existing /home/coder-files/.config/ ~/.config/"),
    Case("what ls does not find", boot=f"ls ~/.vscode/settings.json > /dev/null 2>&1 || cp {SETTINGS}"),
    Case("what grep does not find", boot="grep -q coder ~/.gitconfig || cp /home/coder-files/.gitconfig ~/.gitconfig"),
    Case("a link that is missing", boot="[ -L ~/shared ] || ln -sf /opt/shared ~/shared\nln -s /opt/a ~/a"),
    Case(
        "a mark of the first start",
        boot=f"""
            if [ ! -f ~/.set-up ]; then
              cp {SETTINGS}
              rm -rf ~/old-things
              touch ~/.set-up
            fi
        """,
    ),
    Case(
        "a function that returns early",
        boot="""
            put() {
              [ -e "$2" ] && return 0
              cp "$1" "$2"
            }
            put /home/coder-files/.bashrc /home/coder/.bashrc
        """,
    ),
    Case(
        "a function that says whether",
        boot=f"""
            is_new() {{
              [ ! -e "$1" ]
            }}
            if is_new ~/.vscode/settings.json; then
              cp {SETTINGS}
            fi
        """,
    ),
    Case(
        "a variable that says whether",
        boot=f"""
            fresh=false
            if [ ! -f ~/.vscode/settings.json ]; then
              fresh=true
            fi
            if [ "$fresh" = true ]; then
              cp {SETTINGS}
            fi
        """,
    ),
    Case(
        "a list of what is missing",
        boot="""
            missing=()
            for f in .bashrc .profile; do
              [ -e ~/"$f" ] || missing+=("$f")
            done
            for f in "$${missing[@]}"; do
              cp /home/coder-files/"$f" ~/"$f"
            done
        """,
    ),
    Case(
        "a list of what is missing, from a list",
        boot="""
            all=(.bashrc .profile)
            for f in "$${all[@]}"; do
              if [ ! -e ~/"$f" ]; then
                missing+=("$f")
              fi
            done
            for f in "$${missing[@]}"; do
              cp /home/coder-files/"$f" ~/"$f"
            done
        """,
    ),
    Case(
        "a loop that looks",
        boot="""
            for name in .bashrc .profile; do
              [ -f "$HOME/$name" ] || cp "/home/coder-files/$name" "$HOME/$name"
            done
        """,
    ),
    Case("caches and logs", boot="rm -rf ~/.cache/composer\necho x > ~/.cache/last\ndate > ~/boot.log\nrm -f ~/x.pid"),
    Case("elsewhere", boot="echo '{}' | sudo tee /etc/ddev.json\nrm -f /tmp/x\ncp /home/coder-files/a /tmp/a"),
    Case(
        "a file of the script's own, for a while",
        boot="curl -fsSL -o ~/installer.sh https://example.org/x\nbash -n ~/installer.sh\nrm -f ~/installer.sh",
    ),
    Case("a note of the script's own", boot='date > ~/.last-start\necho 3 > "$HOME/.coder-version"'),
    Case("a report that is written anew", boot='echo "Set-up" > "$HOME/SETUP_STATUS.txt"'),
    Case("old lines taken away", boot="sed -i '/GIT_SSH_COMMAND/d' ~/.bashrc\nsed -i '/a/,/^fi$/d' ~/.bashrc"),
    Case("settings by their tool", boot="git config --global core.pager less\nnpm config set prefix ~/.npm-global"),
    Case("folders and modes", boot="mkdir -p ~/.vscode ~/projects\ntouch ~/.hushlogin\nchmod 700 ~/.ssh"),
    Case("errors only", boot="true 2> ~/errors.txt"),
    Case("reading", boot="cat ~/.bashrc > /tmp/copy\ncp ~/.bashrc /tmp/bashrc\ntar -czf /tmp/home.tgz -C ~ ."),
    Case("a comment", boot=f"# cp {SETTINGS}\necho 'rm -rf ~/projects'"),
    Case(
        "a project that the script sets up",
        boot="""
            mkdir -p ~/drupal-core
            cd ~/drupal-core || exit 0
            rm -f .ddev/config.yaml
            ddev config --project-type=drupal12 --docroot=web
            echo 'use_dns_when_possible: false' > .ddev/config.coder.yaml
        """,
    ),
    Case(
        "a tool that is missing",
        boot="command -v task > /dev/null || curl -fsSL -o ~/.local/bin/task https://example.org/task",
    ),
    Case(
        "another way around the same look",
        before=Code(boot=f"if [ ! -f ~/.vscode/settings.json ]; then\n  cp {SETTINGS}\nfi"),
        boot=f"[ -f ~/.vscode/settings.json ] || cp {SETTINGS}",
    ),
    Case(
        "in the image, where there is no user yet",
        on=("full",),
        image="RUN cp /home/coder-files/WELCOME.txt /home/coder/WELCOME.txt && rm -f /home/coder/.bashrc",
    ),
    Case(
        "what the dashboard shows",
        agent="""
            metadata {
              key      = "load"
              interval = 60
              timeout  = 5
              script   = "coder stat cpu > /tmp/load; cat ~/.vimrc | wc -l"
            }
        """,
    ),
    Case(
        "an upload elsewhere",
        container="""
            upload {
              file       = "/usr/local/bin/hello"
              content    = "echo /home/coder/.vimrc"
              executable = true
            }
            upload {
              file    = "/home/coder/.cache/notes"
              content = "x"
            }
        """,
    ),
    Case("an alias that nothing expands", boot="alias put='cp -f'\nput /etc/vimrc ~/.vimrc"),
    Case("an alias that is gone", boot="shopt -s expand_aliases\nalias put='cp -f'\nunalias put\nput /etc/x ~/.vimrc"),
    Case("an alias that spares", boot="shopt -s expand_aliases\nalias cp='cp -n'\ncp /etc/vimrc ~/.vimrc"),
    Case(
        "git that keeps what was changed",
        boot="""
            git -C ~ checkout main
            git -C ~/work checkout -b topic origin/topic
            git -C ~/work restore --staged .
            git -C ~/work reset --soft HEAD^
            git -C ~/work pull --ff-only
            git -C ~ clean -nfd
            git -C /opt/dots reset --hard
        """,
    ),
    Case(
        "git in a clone of this start",
        boot="""
            if [ ! -d ~/projects/site ]; then
              git clone https://example.org/site.git ~/projects/site
              git -C ~/projects/site reset --hard
            fi
        """,
    ),
    Case("git where nothing is", boot="[ -d ~/work ] || git -C ~/work reset --hard"),
    Case("awk and yq that print", boot="awk '{ print }' ~/.bashrc\nyq '.a' ~/.config/tool.yaml"),
    Case("a line that goes on with a backslash", boot="echo cp /etc/vimrc \\\n\\cp ~/.vimrc"),
    Case("a folder that is left again", boot="cd /tmp\npushd ~ > /dev/null\npopd > /dev/null\ncp /etc/vimrc .vimrc"),
    Case("a here-string for bash that spares", boot="bash <<< 'cp -n /etc/vimrc ~/.vimrc'"),
    Case("what find lists elsewhere", boot="find /tmp/x -name '*.json' | xargs rm -f\nfind ~/x -type f | xargs wc -l"),
    Case("awk that writes elsewhere", boot="awk '$1 > 5 { print > \"/tmp/big\" }' ~/.bash_history"),
    Case("a copy to another host", boot="scp ~/.vimrc host:/tmp/\ndocker cp ~/.vimrc tools:/tmp/"),
    Case("a download elsewhere", boot="cd /tmp && curl -fsSLO https://example.org/.vimrc"),
    Case(
        "a health check that looks",
        container='healthcheck {\n  test = ["CMD-SHELL", "test -d /home/coder/.vscode"]\n}',
    ),
    Case("a script that it makes for the user", boot="echo 'rm -f ~/.vimrc' > /tmp/clean.sh\nchmod +x /tmp/clean.sh"),
    Case(
        "a script that it makes and that spares",
        boot="echo '[ -e ~/.vimrc ] || cp /etc/vimrc ~/.vimrc' > /tmp/set-up.sh\nsh /tmp/set-up.sh",
    ),
    Case("DDEV's own settings by yq", boot="yq -i '.omit_containers = [\"ddev-router\"]' ~/.ddev/global_config.yaml"),
    Case("another root", boot="sudo chroot /mnt cp /etc/vimrc /home/coder/.vimrc"),
)
