"""The calls to a cloud, through openstacksdk: looking, and carrying out steps."""
