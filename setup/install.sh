#!/usr/bin/env bash
# The composite action's one step: fetches a release's static program, checks where it comes from, puts it on the PATH.
# Reads VERSION, REPOSITORY, ATTESTATION and GH_TOKEN, and what every step has.
set -euo pipefail

fail() {
  # The first line of a message is what people see; data of a workflow command has no line breaks.
  echo "::error title=prompt-cicd was not installed::$*" >&2
  exit 1
}

[[ "$VERSION" =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]] || fail "the input 'version' is not a version like 1.2.3"
[[ "$REPOSITORY" =~ ^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$ ]] || fail "the input 'repository' is not like owner/name"
[[ "$ATTESTATION" =~ ^(true|false)$ ]] || fail "the input 'attestation' must be true or false"
[ "$(uname -s)" = Linux ] || fail "releases are for Linux, this runner has $(uname -s); build it there with cargo install"
case "$(uname -m)" in
  x86_64) target=x86_64-unknown-linux-gnu ;;
  aarch64 | arm64) target=aarch64-unknown-linux-gnu ;;
  *) fail "releases are for x86_64 and aarch64, this runner is $(uname -m)" ;;
esac

work=$(mktemp -d "${RUNNER_TEMP:?}/prompt-cicd-XXXXXX")
place="$RUNNER_TEMP/prompt-cicd-$VERSION"
archive="prompt-cicd-$VERSION-$target.tar.gz"
release="${GITHUB_SERVER_URL:-https://github.com}/$REPOSITORY/releases/download/v$VERSION"

for file in "$archive" SHA256SUMS; do
  curl --fail --silent --show-error --location --retry 3 --connect-timeout 10 --max-time 300 --output "$work/$file" "$release/$file" \
    || fail "$release/$file cannot be fetched; look whether there is a release v$VERSION"
done

cd "$work"
awk -v name="$archive" '$2 == name || $2 == "*" name' SHA256SUMS >wanted
[ "$(wc -l <wanted)" -eq 1 ] || fail "SHA256SUMS of v$VERSION does not name $archive"
sha256sum --check --status wanted || fail "$archive has another checksum than SHA256SUMS of v$VERSION says; nothing was installed"

if [ "$ATTESTATION" = true ]; then
  command -v gh >/dev/null || fail "GitHub's gh is missing, which checks the attestation; install it, or set 'attestation: false' to rely on the checksum"
  # Made by that repository's release workflow, from that tag: anybody can attest what is their own.
  gh attestation verify "$archive" --repo "$REPOSITORY" --signer-workflow "$REPOSITORY/.github/workflows/release.yml" \
    --source-ref "refs/tags/v$VERSION" >attestation.log 2>&1 \
    || { cat attestation.log >&2; fail "$archive is not attested by $REPOSITORY's release workflow for v$VERSION; nothing was installed"; }
fi

mkdir -p "$place"
tar --extract --gzip --file "$archive" --directory "$place" --no-same-owner prompt-cicd
chmod 755 "$place/prompt-cicd"
said=$("$place/prompt-cicd" --version) || fail "the program of v$VERSION does not run here"
[ "$said" = "prompt-cicd $VERSION" ] || fail "the program of v$VERSION says that it is '$said'"
rm -rf "$work"
echo "$place" >>"$GITHUB_PATH"
echo "path=$place/prompt-cicd" >>"$GITHUB_OUTPUT"
echo "$said is on the PATH of the following steps"
