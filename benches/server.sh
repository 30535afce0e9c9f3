# shellcheck shell=sh disable=SC2034,SC2154 # what the scripts set and read
# The git host of the scripts here: Apache with `git http-backend`, TLS and Basic authentication, on
# loopback ports. They set $scratch and $source, define `die`, and read this file.

# Makes the host's folder, certificate and token, and has git trust it. Sets $place to the name of
# the host, and $server_folder.
prepare_server() {
    port=$((20000 + $$ % 20000))
    place=localhost:$port
    server_folder=$scratch/server
    mkdir -p "$server_folder/repositories"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -keyout "$server_folder/key.pem" \
        -out "$server_folder/certificate.pem" 2>/dev/null
    # git reads only this certificate: none that the environment names, nor the system's, which
    # take 30 ms to read.
    mkdir "$server_folder/none"
    export GIT_SSL_CAINFO="$server_folder/certificate.pem" GIT_SSL_CAPATH="$server_folder/none"
    export NO_PROXY=localhost no_proxy=localhost
    git config --global user.name Alice
    git config --global user.email alice@h.example
    git config --global safe.directory '*'
    htpasswd -b -c -s "$server_folder/users" alice ghp_TESTONLY1 2>/dev/null
    sed -e "s|@FOLDER@|$server_folder|g" -e 's|@MODULES@|/usr/lib/apache2/modules|g' \
        -e "s|@BACKEND@|$(git --exec-path)/git-http-backend|g" -e "s|@FIRST@|$port|g" \
        -e "s|@SECOND@|$((port + 1))|g" -e "s|@PLAIN@|$((port + 2))|g" -e "s|@OTHER@|localhost|g" \
        -e 's|^MaxRequestWorkers.*|MaxRequestWorkers 16|' \
        "$source/tests/it/support/apache.conf" "$source/benches/apache.conf" \
        >"$server_folder/apache.conf"
}

# Starts the host once its repositories are there, and waits until it answers for this one. Sets
# $server to its process.
start_server() { # REPOSITORY
    if [ "$(id -u)" = 0 ]; then
        chmod 755 "$scratch"
        chown -R www-data:www-data "$server_folder"
    fi
    gcc -O2 -shared -fPIC -o "$scratch/no_wait.so" "$source/benches/no_wait.c" ||
        die "no_wait.c does not build"
    # The server runs in a process group of its own, which it ends as a whole.
    LD_PRELOAD="$scratch/no_wait.so" setsid apache2 -D FOREGROUND -f "$server_folder/apache.conf" >"$scratch/server.log" 2>&1 &
    server=$!
    tries=0
    until git -c credential.helper= ls-remote "https://alice:ghp_TESTONLY1@$place/$1" \
        >"$scratch/ls.log" 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || die "the git host does not answer: $(cat "$scratch/ls.log")"
        sleep 0.1
    done
}
