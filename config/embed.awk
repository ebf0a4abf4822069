# embed.awk - turns text files into one C file: awk -f embed.awk FILE… >data.c
# Each line becomes one string literal, so that a compiler's message still names it.

function name_of(path) {
  sub(/.*\//, "", path)
  return path
}

FNR == 1 {
  if (count++)
    print "  \"\";\n"
  else
    print "#include \"sendoff/config-data.h\"\n"
  names[count] = name_of(FILENAME)
  printf "static const char text_%d[] =\n", count
}

{
  gsub(/\\/, "\\\\")
  gsub(/"/, "\\\"")
  print "  \"" $0 "\\n\""
}

END {
  print "  \"\";\n"
  print "const SoConfigData so_config_data_texts[] = {"
  for (i = 1; i <= count; i++)
    printf "  { \"%s\", text_%d },\n", names[i], i
  print "  { NULL, NULL },\n};"
}
