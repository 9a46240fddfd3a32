package v1alpha1

// XAPIVersion of statements that are sent, as the header X-Experience-API-Version has it.
//
// +kubebuilder:validation:Enum="1.0.3";"2.0.0"
type XAPIVersion string

const (
	// XAPIVersion1 is what nearly all record stores know.
	XAPIVersion1 XAPIVersion = "1.0.3"
	// XAPIVersion2 is IEEE 9274.1.1.
	XAPIVersion2 XAPIVersion = "2.0.0"
)

// XAPISpec says which learning record store (LRS) is sent a statement for each lesson that
// is completed and for each time that a learner leaves one, and how these name learners,
// lessons and courses. A change reaches running sidecars without a restart; the Secret is mounted in pods created after xapi was set.
type XAPISpec struct {
	// endpoint of the LRS, to which /statements is added: https, or http to a service of
	// the cluster (http://name.namespace.svc/path). It is called by every pod of the
	// policy, with what their network reaches; redirects are not followed.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.matches('^(https://[^/?#@]+|http://[-a-z0-9]+[.][-a-z0-9]+[.]svc([.]cluster[.]local)?(:[0-9]+)?)(/[^?#]*)?$')",message="endpoint must be an https address without a query, such as https://lrs.example.com/data/xAPI, or http to a service of the cluster, such as http://lrs.campus.svc/xapi"
	// +kubebuilder:validation:XValidation:rule="!self.contains('@') && !self.matches('/statements/*$')",message="endpoint must have no user or password, which secretRef has, and no /statements at its end, which is added"
	Endpoint string `json:"endpoint"`

	// secretRef names the Secret, in the policy's namespace, by which the LRS knows the
	// sidecars. The operator never reads it; the kubelet gives it to the pods. If it is
	// missing or wrong, pods start all the same, and statements wait until it is right. If it
	// has the key ca.crt, an https LRS is trusted by those certificates alone.
	//
	// +required
	SecretRef XAPISecretRef `json:"secretRef"`

	// version of xAPI that is spoken.
	//
	// +optional
	// +kubebuilder:default="1.0.3"
	Version XAPIVersion `json:"version,omitempty"`

	// homePage of the learners' accounts: actor.account.homePage of each statement, whose
	// name is the learner's id. Mostly the LMS's address.
	//
	// +required
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^/?# <>{}|^@]+[^# <>{}|^]*$')",message="homePage must be an address, such as https://lms.example.com"
	HomePage string `json:"homePage"`

	// activityId is the IRI of a lesson, with {lessonId} and perhaps {courseId} in it. If
	// unset it is homePage/courses/{courseId}/lessons/{lessonId}. A lesson whose id is an
	// IRI has that.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://([^ <>{}|^]|[{](lesson|course)Id[}])+$') && self.contains('{lessonId}')",message="activityId must be an address with {lessonId}, such as https://lms.example.com/xblock/{lessonId}"
	ActivityID string `json:"activityId,omitempty"`

	// courseActivityId is the IRI of a course, with {courseId} in it, which statements have
	// as the lesson's parent. If unset it is homePage/courses/{courseId}.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://([^ <>{}|^]|[{]courseId[}])+$') && self.contains('{courseId}')",message="courseActivityId must be an address with {courseId}, such as https://lms.example.com/course/{courseId}"
	CourseActivityID string `json:"courseActivityId,omitempty"`

	// batch is how many statements one request has at most, 1 to 100.
	//
	// +optional
	// +kubebuilder:default=30
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 100",message="batch must be from 1 to 100 statements"
	Batch int32 `json:"batch,omitempty"`
}

// XAPISecretRef are keys of a Secret in the policy's namespace.
type XAPISecretRef struct {
	// name of the Secret, such as one of type kubernetes.io/basic-auth.
	//
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="name must be the name of a Secret in this namespace: lower-case letters, digits, '-' and '.'"
	Name string `json:"name"`

	// usernameKey holds the user of HTTP Basic authentication; some stores call it key.
	//
	// +optional
	// +kubebuilder:default=username
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$') && !self.startsWith('..') && self != '.'",message="usernameKey must be a key of the Secret: letters, digits, '-', '_' and '.'"
	UsernameKey string `json:"usernameKey,omitempty"`

	// passwordKey holds the password; some stores call it secret.
	//
	// +optional
	// +kubebuilder:default=password
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$') && !self.startsWith('..') && self != '.'",message="passwordKey must be a key of the Secret: letters, digits, '-', '_' and '.'"
	PasswordKey string `json:"passwordKey,omitempty"`

	// authorizationKey holds the whole header Authorization, such as Bearer and a token.
	// If the Secret has it, it goes first.
	//
	// +optional
	// +kubebuilder:default=authorization
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$') && !self.startsWith('..') && self != '.'",message="authorizationKey must be a key of the Secret: letters, digits, '-', '_' and '.'"
	AuthorizationKey string `json:"authorizationKey,omitempty"`
}
