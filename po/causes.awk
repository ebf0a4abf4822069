# causes.awk - the texts of config/causes.conf as C for xgettext: what a translator has to see.
# awk -f causes.awk causes.conf >causes.c

/^(meaning|first|second) = / {
  text = $0
  sub(/^[a-z]+ = /, "", text)
  gsub(/\\/, "\\\\", text)
  gsub(/"/, "\\\"", text)
  printf "#line %d \"config/causes.conf\"\nN_(\"%s\")\n", FNR, text
}
