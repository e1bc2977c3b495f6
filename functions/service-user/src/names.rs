//! What things are called: the two users, and the resource.

use startup::WantedServiceUser;

/// The two users that take turns. The stack's own id is a part of their names, so no other stack has users of these names.
/// The name may be an e-mail address, which users of many pools are called by.
pub(crate) fn users(wanted: &WantedServiceUser) -> [String; 2] {
    let (name, domain) = wanted.name.split_at(wanted.name.find('@').unwrap_or(wanted.name.len()));
    // arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/UUID
    let uuid = wanted.stack_id.rsplit('/').next().unwrap_or_default();
    let stack = uuid.split('-').next().unwrap_or_default();
    ["a", "b"].map(|suffix| format!("{name}-{stack}-{suffix}{domain}"))
}

/// CloudFormation's `PhysicalResourceId`: what makes a service user this one and no other.
pub(crate) fn resource_id(wanted: &WantedServiceUser) -> String {
    let WantedServiceUser { pool_id, name, parameters, parameters_key, .. } = wanted;
    let key = parameters_key.as_ref().map(|key| format!("#{key}")).unwrap_or_default();
    format!("{pool_id}/{name}@{parameters}{key}")
}
