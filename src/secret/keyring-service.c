/*
 * keyring-service.c - the one place through which a prompt of the keyring can appear.
 *
 * SecretService offers its prompt methods to be overridden for this.  Ours also gives
 * an answer where libsecret's own gives none: a prompter that vanishes leaves neither
 * result nor error there.
 */
#include "config.h"

#include "sendoff/keyring-service.h"

struct _SoKeyringService
{
  SecretService parent;
  gboolean may_prompt;
  gboolean declined;
};

G_DEFINE_TYPE (SoKeyringService, so_keyring_service, SECRET_TYPE_SERVICE)

static void
prompt_performed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  SoKeyringService *self = SO_KEYRING_SERVICE (g_task_get_source_object (task));
  GError *problem = NULL;
  GVariant *value = secret_prompt_perform_finish (SECRET_PROMPT (source), result, &problem);
  if (value != NULL)
    {
      self->declined = FALSE;
      g_task_return_pointer (task, value, (GDestroyNotify) g_variant_unref);
      return;
    }
  if (problem == NULL)
    problem = g_error_new_literal (SECRET_ERROR, SECRET_ERROR_IS_LOCKED, "dismissed");
  g_task_return_error (task, problem);
}

static void
prompt_async (SecretService *service, SecretPrompt *prompt, const GVariantType *return_type,
              GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  SoKeyringService *self = SO_KEYRING_SERVICE (service);
  g_autoptr (GTask) task = g_task_new (service, cancellable, callback, data);
  self->declined = TRUE; /* until there is an answer */
  if (self->may_prompt)
    {
      secret_prompt_perform (prompt, NULL, return_type, cancellable, prompt_performed,
                             g_steal_pointer (&task));
      return;
    }
  g_task_return_new_error (task, SECRET_ERROR, SECRET_ERROR_IS_LOCKED, "nobody to ask");
}

static GVariant *
prompt_finish (SecretService *service, GAsyncResult *result, GError **error)
{
  (void) service;
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
so_keyring_service_init (SoKeyringService *self)
{
  self->may_prompt = FALSE;
}

static void
so_keyring_service_class_init (SoKeyringServiceClass *class)
{
  SecretServiceClass *parent = SECRET_SERVICE_CLASS (class);
  parent->prompt_async = prompt_async;
  parent->prompt_finish = prompt_finish;
}

void
so_keyring_service_allow_prompts (SoKeyringService *self, gboolean may_prompt)
{
  self->may_prompt = may_prompt;
}

gboolean
so_keyring_service_was_declined (SoKeyringService *self)
{
  return self->declined;
}
