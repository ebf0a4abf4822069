/*
 * sendoff-fetch.c - the program behind fetch.h: one URL by libcurl, to standard output.
 *
 *   sendoff-fetch URL MAX-OCTETS SECONDS follow|stay
 *
 * Writes "STATUS DATE" on a line (DATE: seconds since 1970 by the server's clock, or 0),
 * then the body.  Exit status: 0 whatever the HTTP status; 65 larger than allowed, 68 no such
 * host, 75 no answer, 76 TLS or not HTTP, 64 usage.
 */
#include "config.h"

#include <curl/curl.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "sendoff/error.h"

#define REDIRECTIONS 5
#define HEADER_MAX 200 /* octets; a Date is shorter */

typedef struct
{
  GString *body;
  gsize max;
  gint64 date;
} Answer;

static size_t
on_body (char *octets, size_t size, size_t count, void *data)
{
  Answer *answer = data;
  if (answer->body->len + size * count > answer->max)
    return 0;
  g_string_append_len (answer->body, octets, (gssize) (size * count));
  return size * count;
}

static size_t
on_header (char *octets, size_t size, size_t count, void *data)
{
  Answer *answer = data;
  size_t length = size * count;
  char line[HEADER_MAX] = "";
  if (length < sizeof line && length > 5 && g_ascii_strncasecmp (octets, "Date:", 5) == 0)
    {
      memcpy (line, octets + 5, length - 5);
      answer->date = MAX ((gint64) curl_getdate (line, NULL), 0);
    }
  return length;
}

static CURL *
prepare (const char *url, long seconds, gboolean follow, Answer *answer)
{
  CURL *curl = curl_easy_init ();
  if (curl == NULL)
    return NULL;
  curl_easy_setopt (curl, CURLOPT_URL, url);
  curl_easy_setopt (curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt (curl, CURLOPT_REDIR_PROTOCOLS_STR, g_str_has_prefix (url, "https:") ? "https" : "http,https");
  curl_easy_setopt (curl, CURLOPT_FOLLOWLOCATION, follow ? 1L : 0L);
  curl_easy_setopt (curl, CURLOPT_MAXREDIRS, (long) REDIRECTIONS);
  curl_easy_setopt (curl, CURLOPT_TIMEOUT, seconds);
  curl_easy_setopt (curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt (curl, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt (curl, CURLOPT_USERAGENT, PACKAGE "/" PACKAGE_VERSION);
  curl_easy_setopt (curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt (curl, CURLOPT_WRITEDATA, answer);
  curl_easy_setopt (curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt (curl, CURLOPT_HEADERDATA, answer);
  return curl;
}

static int
exit_status (CURLcode code)
{
  switch (code)
    {
    case CURLE_OK:
      return 0;
    case CURLE_WRITE_ERROR:
      return SO_ERROR_DATA; /* on_body() had enough */
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return SO_ERROR_NO_HOST;
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
      return SO_ERROR_TEMPORARY;
    default:
      return SO_ERROR_PROTOCOL;
    }
}

static gboolean
write_all (const char *octets, gsize length)
{
  while (length > 0)
    {
      ssize_t n = write (STDOUT_FILENO, octets, length);
      if (n <= 0)
        return FALSE;
      octets += n;
      length -= (gsize) n;
    }
  return TRUE;
}

static gboolean
tell (CURL *curl, const Answer *answer)
{
  long status = 0;
  curl_easy_getinfo (curl, CURLINFO_RESPONSE_CODE, &status);
  g_autofree char *head = g_strdup_printf ("%ld %" G_GINT64_FORMAT "\n", status, answer->date);
  return write_all (head, strlen (head)) && write_all (answer->body->str, answer->body->len);
}

int
main (int argc, char **argv)
{
  guint64 max = 0, seconds = 0;
  if (argc != 5 || !g_ascii_string_to_unsigned (argv[2], 10, 1, G_MAXINT32, &max, NULL)
      || !g_ascii_string_to_unsigned (argv[3], 10, 1, 600, &seconds, NULL))
    return SO_ERROR_USAGE;
  Answer answer = { .body = g_string_new (NULL), .max = max };
  CURL *curl = prepare (argv[1], (long) seconds, strcmp (argv[4], "follow") == 0, &answer);
  if (curl == NULL)
    return SO_ERROR_BUG;
  CURLcode code = curl_easy_perform (curl);
  int status = exit_status (code);
  if (status == 0 && !tell (curl, &answer))
    status = SO_ERROR_IO;
  curl_easy_cleanup (curl);
  g_string_free (answer.body, TRUE);
  return status;
}
