/*
 * watch.c - a main loop around the pass: folder, network, clock.
 *
 * The time of the next pass is one of the wall clock, so it is kept by a timer of that clock: it
 * goes off at once when a suspended machine wakes up too late for it, and when the clock
 * is set.  Changes come in bursts, of which our own make the most; they are answered once,
 * a moment after the first.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib-unix.h>

#include "sendoff/clock.h"
#include "sendoff/durable.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/watch.h"
#include "sendoff/watch-claim.h"

#define BURST_MS 50    /* between a change and the pass for it; ours */
#define NETWORK_MS 250 /* between the network's return and the pass: routes and DNS follow; ours   \
                        */

typedef struct
{
  const SoWatchOptions *options;
  GMainLoop *loop;
  int timer_fd;
  guint soon; /* source of the pass that is coming, 0: none */
  SoWatchReason reason;
} Watch;

/* sd_notify(3) without its library: a datagram. */
static void
tell_manager (const char *state)
{
  const char *path = g_getenv ("NOTIFY_SOCKET");
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  if (path == NULL || (*path != '/' && *path != '@') || strlen (path) >= sizeof address.sun_path)
    return;
  memcpy (address.sun_path, path, strlen (path));
  if (*path == '@')
    address.sun_path[0] = '\0';
  int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return;
  socklen_t length = (socklen_t)(offsetof (struct sockaddr_un, sun_path) + strlen (path));
  /* A manager that does not listen is no reason not to work. */
  (void)!sendto (fd, state, strlen (state), MSG_NOSIGNAL, (struct sockaddr *)&address, length);
  close (fd);
}

static void
set_timer (Watch *watch, gint64 when)
{
  struct itimerspec at = { 0 };
  if (when < G_MAXINT64)
    at.it_value.tv_sec = (time_t)MAX (when, 1);
  else
    /* Never, but for the clock being set. */
    at.it_value.tv_sec = (time_t)(so_clock_wall_us () / G_USEC_PER_SEC + 10 * 365 * 86400LL);
  timerfd_settime (watch->timer_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &at, NULL);
}

static void
make_pass (Watch *watch, SoWatchReason reason)
{
  set_timer (watch, watch->options->pass (watch->options->data, reason));
}

static gboolean
pass_now (gpointer data)
{
  Watch *watch = data;
  watch->soon = 0;
  make_pass (watch, watch->reason);
  return G_SOURCE_REMOVE;
}

/* The network's return outweighs a change that comes with it. */
static void
pass_soon (Watch *watch, SoWatchReason reason, guint after_ms)
{
  if (watch->soon != 0 && (watch->reason == SO_WATCH_NETWORK || reason != SO_WATCH_NETWORK))
    return;
  if (watch->soon != 0)
    g_source_remove (watch->soon);
  watch->reason = reason;
  watch->soon = g_timeout_add (after_ms, pass_now, watch);
}

static gboolean
timer_went_off (gint fd, GIOCondition condition, gpointer data)
{
  (void)condition;
  guint64 times;
  ssize_t n = read (fd, &times, sizeof times);
  if (n > 0 || errno == ECANCELED)
    make_pass (data, SO_WATCH_DUE);
  return G_SOURCE_CONTINUE;
}

static gboolean
interrupted (gint fd, GIOCondition condition, gpointer data)
{
  (void)fd;
  (void)condition;
  const Watch *watch = data;
  g_main_loop_quit (watch->loop);
  return G_SOURCE_REMOVE;
}

static void
folder_changed (GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event,
                gpointer data)
{
  (void)monitor;
  (void)file;
  (void)other;
  if (event == G_FILE_MONITOR_EVENT_CREATED || event == G_FILE_MONITOR_EVENT_MOVED_IN
      || event == G_FILE_MONITOR_EVENT_RENAMED || event == G_FILE_MONITOR_EVENT_DELETED)
    pass_soon (data, SO_WATCH_CHANGE, BURST_MS);
}

static void
network_changed (GNetworkMonitor *monitor, gboolean available, gpointer data)
{
  (void)monitor;
  if (available)
    pass_soon (data, SO_WATCH_NETWORK, NETWORK_MS);
}

static GFileMonitor *
monitor_folder (Watch *watch, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (so_outbox_path (watch->options->outbox), name, NULL);
  g_autoptr (GFile) folder = g_file_new_for_path (path);
  g_autoptr (GError) problem = NULL;
  GFileMonitor *monitor
      = g_file_monitor_directory (folder, G_FILE_MONITOR_WATCH_MOVES, NULL, &problem);
  if (monitor == NULL)
    {
      so_error_set (error, SO_ERROR_TEMPORARY, _ ("run “sendoff retry” from a timer instead"),
                    _ ("cannot watch %s: %s"), path, problem->message);
      return NULL;
    }
  g_file_monitor_set_rate_limit (monitor, BURST_MS);
  g_signal_connect (monitor, "changed", G_CALLBACK (folder_changed), watch);
  return monitor;
}

static void
run (Watch *watch)
{
  GNetworkMonitor *network = g_network_monitor_get_default ();
  gulong handler
      = g_signal_connect (network, "network-changed", G_CALLBACK (network_changed), watch);
  guint timer = g_unix_fd_add (watch->timer_fd, G_IO_IN, timer_went_off, watch);
  guint interrupt = watch->options->interrupt_fd >= 0
                        ? g_unix_fd_add (watch->options->interrupt_fd, G_IO_IN, interrupted, watch)
                        : 0;
  tell_manager ("READY=1");
  make_pass (watch, SO_WATCH_START);
  g_main_loop_run (watch->loop);
  tell_manager ("STOPPING=1");
  g_signal_handler_disconnect (network, handler);
  g_source_remove (timer);
  if (watch->soon != 0)
    g_source_remove (watch->soon);
  /* The source of the interrupt took itself away when it ended the loop. */
  if (interrupt != 0 && g_main_context_find_source_by_id (NULL, interrupt) != NULL)
    g_source_remove (interrupt);
}

gboolean
so_watch (const SoWatchOptions *options, GError **error)
{
  Watch watch = { .options = options };
  watch.timer_fd = timerfd_create (CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
  if (watch.timer_fd < 0)
    {
      so_durable_error (error, errno, "timerfd");
      return FALSE;
    }
  g_autoptr (GFileMonitor) entries = monitor_folder (&watch, "entries", error);
  g_autoptr (GFileMonitor) accounts
      = entries != NULL ? monitor_folder (&watch, "accounts", error) : NULL;
  if (accounts != NULL)
    {
      int claim = so_outbox_claim_watch (options->outbox);
      watch.loop = g_main_loop_new (NULL, FALSE);
      run (&watch);
      g_main_loop_unref (watch.loop);
      if (claim >= 0)
        close (claim);
    }
  close (watch.timer_fd);
  return accounts != NULL;
}
