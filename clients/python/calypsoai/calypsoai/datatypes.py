"""What the audit log holds: its events, who did them, and a page of them."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapSerializer,
    WrapValidator,
    model_serializer,
)

__all__ = ["AuditEvent", "AuditEventType", "GetAuditResponse", "User"]


class AuditEventType(str, Enum):
    """The types of events. The log may hold others, too: those stay plain strings."""

    API_TOKEN_CREATED = "api-token-created"
    API_TOKEN_REVOKED = "api-token-revoked"
    AGENT_SESSION_CREATED = "agent-session-created"
    AGENT_SESSION_FINGERPRINTS_REQUESTED = "agent-session-fingerprints-requested"
    BRANDING_CREATED = "branding-created"
    BRANDING_UPDATED = "branding-updated"
    CAMPAIGN_CREATED = "campaign-created"
    CAMPAIGN_UPDATED = "campaign-updated"
    CAMPAIGN_DELETED = "campaign-deleted"
    CAMPAIGN_RUN_CREATED = "campaign-run-created"
    CAMPAIGN_RUN_UPDATED = "campaign-run-updated"
    CAMPAIGN_RUN_DELETED = "campaign-run-deleted"
    CAMPAIGN_SCHEDULE_CREATED = "campaign-schedule-created"
    CAMPAIGN_SCHEDULE_UPDATED = "campaign-schedule-updated"
    CAMPAIGN_SCHEDULE_DELETED = "campaign-schedule-deleted"
    CHATBOT_CREATED = "chatbot-created"
    CHATBOT_UPDATED = "chatbot-updated"
    CHATBOT_PROJECT_CREATED = "chatbot-project-created"
    CHATBOT_PROJECT_UPDATED = "chatbot-project-updated"
    ENTITLEMENT_GROUP_CREATED = "entitlement-group-created"
    ENTITLEMENT_GROUP_UPDATED = "entitlement-group-updated"
    ENTITLEMENT_GROUP_DELETED = "entitlement-group-deleted"
    ENTITLEMENT_OVERRIDE_CREATED = "entitlement-override-created"
    ENTITLEMENT_OVERRIDE_DELETED = "entitlement-override-deleted"
    ENTITLEMENT_USAGE_CREATED = "entitlement-usage-created"
    ENTITLEMENT_USAGE_DELETED = "entitlement-usage-deleted"
    FILE_CREATED = "file-created"
    PROJECT_CREATED = "project-created"
    PROJECT_DELETED = "project-deleted"
    PROJECT_UNDELETED = "project-undeleted"
    PROJECT_UPDATED = "project-updated"
    PROJECT_DEFAULT_PROVIDER_UPDATED = "project-default-provider-updated"
    PROJECT_PROVIDER_ROUTING_CREATED = "project-provider-routing-created"
    PROJECT_PROVIDER_ROUTING_UPDATED = "project-provider-routing-updated"
    PROJECT_PROVIDER_ADDED = "project-provider-added"
    PROJECT_PROVIDER_REMOVED = "project-provider-removed"
    PROJECT_SCANNER_ADDED = "project-scanner-added"
    PROJECT_SCANNER_REMOVED = "project-scanner-removed"
    PROJECT_SCANNER_PACKAGE_ADDED = "project-scanner-package-added"
    PROJECT_SCANNER_PACKAGE_REMOVED = "project-scanner-package-removed"
    PROJECT_MEMBER_ADDED = "project-member-added"
    PROJECT_MEMBER_REMOVED = "project-member-removed"
    ORGANIZATION_CREATED = "organization-created"
    ORGANIZATION_UPDATED = "organization-updated"
    ORGANIZATION_PROMPT_RECORDING_ENABLED = "organization-prompt-recording-enabled"
    ORGANIZATION_PROMPT_RECORDING_DISABLED = "organization-prompt-recording-disabled"
    ORGANIZATION_DISABLED = "organization-disabled"
    ORGANIZATION_ENABLED = "organization-enabled"
    ORGANIZATION_DATA_DELETED = "organization-data-deleted"
    ORGANIZATION_ENTITLEMENTS_UPDATED = "organization-entitlements-updated"
    PROVIDER_CREATED = "provider-created"
    PROVIDER_DELETED = "provider-deleted"
    PROVIDER_UNDELETED = "provider-undeleted"
    PROVIDER_UPDATED = "provider-updated"
    PROVIDER_ENABLED = "provider-enabled"
    PROVIDER_DISABLED = "provider-disabled"
    PROVIDER_AVAILABILITY_UPDATED = "provider-availability-updated"
    SCANNER_CREATED = "scanner-created"
    SCANNER_UPDATED = "scanner-updated"
    SCANNER_DELETED = "scanner-deleted"
    SCANNER_UNDELETED = "scanner-undeleted"
    SCANNER_PUBLISHED = "scanner-published"
    SCANNER_UNPUBLISHED = "scanner-unpublished"
    SCANNER_ENABLED = "scanner-enabled"
    SCANNER_DISABLED = "scanner-disabled"
    SCANNER_AVAILABILITY_UPDATED = "scanner-availability-updated"
    SCANNER_SHARED = "scanner-shared"
    SCANNER_VERSION_PUBLISHED = "scanner-version-published"
    SHARE_SCANNER_EMAIL_SENT = "share-scanner-email-sent"
    SCANNER_PACKAGE_CREATED = "scanner-package-created"
    SCANNER_PACKAGE_UPDATED = "scanner-package-updated"
    SCANNER_PACKAGE_DELETED = "scanner-package-deleted"
    SCANNER_PACKAGE_UNDELETED = "scanner-package-undeleted"
    SCANNER_PACKAGE_ENABLED = "scanner-package-enabled"
    SCANNER_PACKAGE_DISABLED = "scanner-package-disabled"
    SCANNER_PACKAGE_AVAILABILITY_UPDATED = "scanner-package-availability-updated"
    SCANNER_TEMPLATE_CREATED = "scanner-template-created"
    SCANNER_TEMPLATE_UPDATED = "scanner-template-updated"
    SECRET_CREATED = "secret-created"
    SECRET_UPDATED = "secret-updated"
    SECRET_DELETED = "secret-deleted"
    TASK_CREATED = "task-created"
    TASK_UPDATED = "task-updated"
    TASK_CANCELED = "task-canceled"
    PROVIDER_TEST = "provider-test"
    USER_AUTH_METHOD_DELETED = "user-auth-method-deleted"
    USER_CREATED = "user-created"
    USER_UPDATED = "user-updated"
    USER_DELETED = "user-deleted"
    USER_VERIFIED = "user-verified"
    USER_BLOCKED = "user-blocked"
    USER_UNBLOCKED = "user-unblocked"
    USER_ROLES_UPDATED = "user-roles-updated"
    USER_ROLE_GRANTED = "user-role-granted"
    USER_ROLE_RETRACTED = "user-role-retracted"
    ROLE_CREATED = "role-created"
    ROLE_UPDATED = "role-updated"
    ROLE_PERMISSIONS_ADDED = "role-permissions-added"
    ROLE_PERMISSIONS_REMOVED = "role-permissions-removed"
    ROLE_DELETED = "role-deleted"
    LICENSE_CREATED = "license-created"
    OAUTH_CLIENT_CREATED = "oauth_client_created"
    OAUTH_CLIENT_DELETED = "oauth_client_deleted"
    OAUTH_CLIENT_UPDATED = "oauth_client_updated"
    REMEDIATION_CREATED = "remediation-created"
    REMEDIATION_DEPLOYED = "remediation-deployed"
    REMEDIATION_REJECTED = "remediation-rejected"

    def __str__(self) -> str:
        return self.value


def _as_it_came(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    """What is of the usual type is read; whatever else an old or unlisted event holds is kept."""
    try:
        return read(value)
    except ValidationError:
        return value


def _printed(value: Any, usual: SerializerFunctionWrapHandler) -> Any:
    return usual(value) if isinstance(value, datetime) else value


_READ = WrapValidator(_as_it_came)
_PRINTED = PlainSerializer(lambda value: value, return_type=Any)
Text = Annotated[str, _READ, _PRINTED]
Texts = Annotated[list[str], _READ, _PRINTED]
Flag = Annotated[bool, _READ, _PRINTED]
Moment = Annotated[datetime | None, _READ, WrapSerializer(_printed)]
Id = Annotated[str | None, _READ, _PRINTED]


class User(BaseModel):
    """Who did it, as they stood when it was done. Further keys are kept."""

    model_config = ConfigDict(extra="allow")

    admin: Annotated[bool | None, _READ, _PRINTED] = None
    blocked: Flag = False
    createdAt: Moment = None
    email: Text = ""
    id: str
    lastInvitationSentAt: Moment = None
    name: Text = ""
    org: str
    permissions: Texts = []
    roleIds: Texts = []
    roles: Texts = []
    social: Flag = False
    teams: Texts = []
    verified: Flag = True


class AuditEvent(BaseModel):
    """What was done, to what. Which of the `...Id` fields are set depends on the type. Further keys are kept."""

    model_config = ConfigDict(extra="allow")

    agentSessionId: Id = None
    campaignId: Id = None
    campaignRunId: Id = None
    campaignScheduleId: Id = None
    chatbotGroupId: Id = None
    chatbotId: Id = None
    createdAt: Moment = None
    data: Any = None
    entitlementGroupId: Id = None
    entitlementId: Id = None
    fileId: Id = None
    id: Id = None
    oauthClientId: Id = None
    orgId: Id = None
    projectId: Id = None
    providerId: Id = None
    remediationId: Id = None
    requestId: Id = None
    roleId: Id = None
    scannerId: Id = None
    scannerPackageId: Id = None
    scannerTemplateId: Id = None
    secretId: Id = None
    shareId: Id = None
    taskId: Id = None
    testId: Id = None
    tokenId: Id = None
    type: Annotated[AuditEventType | str, Field(union_mode="left_to_right")]
    user: User
    userId: Id = None
    versionId: Id = None

    @model_serializer(mode="wrap")
    def _in_order(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Keys by name; of those that not every event has, the ones that this event came with."""
        dumped = handler(self)
        absent = {
            name for name in _OPTIONAL if name not in self.model_fields_set
        }
        return {name: dumped[name] for name in sorted(dumped) if name not in absent}


_ALWAYS = {"createdAt", "data", "id", "type", "user"}
_OPTIONAL = set(AuditEvent.model_fields) - _ALWAYS


class GetAuditResponse(BaseModel):
    """A page of the log, and the cursors of its neighbours."""

    events: list[AuditEvent]
    next: str | None = None
    prev: str | None = None
