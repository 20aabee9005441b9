import type { ErrorDefinition } from './definition';

export const authErrors = {
  'auth.required': { status: 401, title: 'Credentials are required', fault: 'caller' },
  'auth.invalid_credentials': { status: 401, title: 'The credentials are wrong', fault: 'caller' },
  'auth.invalid_token': { status: 401, title: 'The access token is not valid', fault: 'caller' },
  'auth.expired_token': { status: 401, title: 'The access token has expired', fault: 'caller' },
  'auth.session_ended': { status: 401, title: 'The session has ended', fault: 'caller' },
  'auth.invalid_api_key': { status: 401, title: 'The API key is not valid', fault: 'caller' },
  'auth.too_many_attempts': {
    status: 429,
    title: 'Too many log-in attempts',
    fault: 'caller',
    retryable: true,
  },
  'auth.weak_password': { status: 400, title: 'The password is too weak', fault: 'caller' },
  'auth.forbidden': { status: 403, title: 'The role does not allow this', fault: 'caller' },
  'user.last_admin': { status: 409, title: 'The last active administrator must stay', fault: 'caller' },
  'user.username_taken': { status: 409, title: 'The username is taken', fault: 'caller' },
  'user.email_taken': { status: 409, title: 'The e-mail address is taken', fault: 'caller' },
} as const satisfies Record<string, ErrorDefinition>;
