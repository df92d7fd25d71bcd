DROP TABLE bindings;
ALTER TABLE plugins DROP CONSTRAINT plugins_previous_version;
ALTER TABLE plugins DROP CONSTRAINT plugins_active_version;
DROP TABLE plugin_versions;
DROP TABLE plugins;
DROP TABLE plugin_components;
